import type { StageView } from '../../../trade/measures/answer-view.ts';
import { t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { atomText, worded } from './words.ts';

/** The combinations of papers and facts of which any one suffices; what is there already is ticked. */
export function AnyOf({ groups }: Pick<StageView['controls'][number], 'groups'>) {
  const { post } = useMembers();
  if (!groups.some(({ all }) => all.length > 0)) return null;
  return (
    <>
      {groups.length > 1 && <p class="small quiet">{t('need.anyOf')}</p>}
      <ul>
        {groups.map((group) => (
          <li key={JSON.stringify(group)}>
            {group.all.map((atom, i) => (
              <span key={`${atom.kind} ${atom.what}`}>
                {i > 0 && ` ${t('need.and')} `}
                <span lang={atom.wording === null ? undefined : worded(atom.wording).lang}>{atomText(atom, post)}</span>
                {atom.state === 'yes' && ' ✓'}
              </span>
            ))}
          </li>
        ))}
      </ul>
    </>
  );
}
