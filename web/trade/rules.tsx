import type { DossierRules, RuleView, StageRules } from '../../trade/rules-contract.ts';
import { t } from '../languages/index.ts';
import { useMembers } from '../members.ts';
import { Notice } from '../parts/say.tsx';
import { Status } from '../parts/status.tsx';
import { AnyOf } from './requirements/any-of.tsx';
import { CONTROL_LOOKS, citedText, stageTitle, standingText, warningText, worded } from './requirements/words.ts';
import { documentName, word } from './words.ts';

/** What members' rules ask for of one dossier: what is met by which paper, what is to be done, what is not known. */

const paperText = ({ code, number, section }: RuleView['by'][number]): string =>
  `${documentName(code)} ${number} (${section === null ? t('rules.certificate') : word('section', section)})`;

function Rule({ rule, action }: { readonly rule: RuleView; readonly action: preact.ComponentChildren }) {
  const { measure, state, groups, by } = rule;
  const { text, lang } = worded(measure.wording);
  return (
    <li>
      <p>
        <Status state={CONTROL_LOOKS[state]} label={word('need.state', state === 'open' ? 'needed' : state)} />{' '}
        <strong>{word('need.type', measure.type)}</strong>: <span lang={lang}>{text}</span> {action}
      </p>
      {by.length > 0 && (
        <p class="small">
          {t(state === 'met' ? 'rules.metBy' : 'rules.has', { papers: by.map(paperText).join('; ') })}
        </p>
      )}
      {state !== 'met' && <AnyOf groups={groups} />}
      {measure.citation !== null && (
        <a class="small as-written" href={measure.citation.address} rel="noreferrer" target="_blank">
          {citedText(measure.citation)}
        </a>
      )}
    </li>
  );
}

export function RulesOfStage({
  stage,
  actionOf,
}: {
  readonly stage: StageRules;
  /** What can be done about an open rule here. */
  readonly actionOf?: (rule: RuleView) => preact.ComponentChildren;
}) {
  const { pack, rules, unknown } = stage;
  const todo = rules.filter(({ state }) => state === 'open' || state === 'prohibited').length;
  const met = rules.filter(({ state }) => state === 'met').length;
  return (
    <details class="card" open={todo > 0}>
      <summary>
        <strong>{stageTitle(stage)}</strong> <span class="quiet">{t('rules.count', { open: todo, met })}</span>
      </summary>
      <p class="quiet small">{standingText(pack)}</p>
      {rules.length === 0 && <p class="quiet">{t('rules.none')}</p>}
      <ul class="controls">
        {rules.map((rule) => (
          <Rule key={rule.measure.measure} rule={rule} action={actionOf?.(rule)} />
        ))}
      </ul>
      {unknown.length > 0 && (
        <Notice kind="wait" title={t('rules.unknown')}>
          <ul>
            {[...new Set(unknown.map(warningText))].map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </Notice>
      )}
    </details>
  );
}

/** What authorities declared by records, and whether each part is there. */
export function Declared({ declared }: Pick<DossierRules, 'declared'>) {
  const { authority, name } = useMembers();
  return (
    <>
      {declared.map((one) => (
        <section class="card" key={`${one.authority} ${one.requirement}`} aria-label={one.requirement}>
          <p>
            <strong>{t('rules.declared', { authority: `${authority(one.authority)}, ${name(one.member)}` })}</strong>{' '}
            <span class="quiet small as-written">{one.source}</span>
          </p>
          <ul>
            {one.asked.map(({ kind, what, missing }) => (
              <li key={`${kind} ${what}`}>
                <Status state={missing ? 'missing' : 'complete'} label={t(missing ? 'rules.lacking' : 'rules.there')} />{' '}
                {kind === 'document' ? documentName(what) : word(kind, what)}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}
