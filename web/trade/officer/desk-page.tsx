import { useMemo, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { DeskRow } from '../../../trade/contract.ts';
import { api } from '../../api.ts';
import { useChanges } from '../../changes.ts';
import { formatDate, formatMass, formatNumber, formatSince, href, t } from '../../languages/index.ts';
import { members, useMembers } from '../../members.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { CheckField, SelectField, TextField } from '../../parts/field.tsx';
import { Pager } from '../../parts/more.tsx';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Dialog, Empty } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { mayDo, session } from '../../session.ts';
import { useLate } from '../operator/dossier-list.tsx';
import { countryName, word } from '../words.ts';
import { BulkRelease } from './bulk-release.tsx';
import { useKeys } from './keys.ts';

const STATES = ['expected', 'here', 'held', 'done'] as const;
const POST_KEY = 'dostyk-post';
const KEYS_OFF = 'dostyk-keys-off';

/** An officer's list: what stands at the post and what comes, most urgent first; worked by keyboard alone. */
export function DeskPage() {
  const ready = members.value !== null;
  useMembers();
  return <Only who="authority">{ready && (mayDo('decide') ? <Desk /> : <NoPosts />)}</Only>;
}

function NoPosts() {
  return (
    <Page title={t('officer.desk')} lead={t('officer.noPosts')}>
      <div class="row">
        <LinkButton to={href('/dossiers')}>{t('operator.dossiers')}</LinkButton>
        <LinkButton kind="secondary" to={href('/requirements/declared')}>
          {t('officer.requirements')}
        </LinkButton>
      </div>
    </Page>
  );
}

function Desk() {
  const { route } = useLocation();
  const { list, post: postName } = useMembers();
  const posts = list.flatMap((member) => member.posts).filter((one) => one.authority === session.value?.authority);
  const [post, setPost] = useState(() => localStorage.getItem(POST_KEY) ?? '');
  const chosen = posts.find((one) => one.id === post)?.id ?? posts[0]?.id ?? '';
  const [search, setSearch] = useState('');
  const [state, setState] = useState<string>('');
  const [cursor, setCursor] = useState<string | undefined>();
  const [current, setCurrent] = useState(0);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [help, setHelp] = useState(false);
  const [releasing, setReleasing] = useState(false);
  const [keysOff, setKeysOff] = useState(() => localStorage.getItem(KEYS_OFF) === 'yes');
  const sought = useLate(search);
  const desk = useQuery(
    () =>
      chosen === ''
        ? Promise.resolve({ items: [] as DeskRow[], next: null })
        : api.trade.listDesk({
            post: chosen,
            limit: 50,
            ...(sought === '' ? {} : { search: sought }),
            ...(state === '' ? {} : { state: state as DeskRow['state'] }),
            ...(cursor === undefined ? {} : { cursor }),
          }),
    [chosen, sought, state, cursor],
  );
  const counts = useQuery(
    () => (chosen === '' ? Promise.resolve(undefined) : api.trade.deskCounts({ post: chosen })),
    [chosen],
  );
  useChanges(() => {
    desk.reload();
    counts.reload();
  });
  const rows = desk.data?.items ?? [];
  const at = Math.min(current, Math.max(0, rows.length - 1));
  const box = useRef<HTMLOListElement>(null);
  const open = (row: DeskRow | undefined, act = ''): void => {
    if (row !== undefined) route(href(`/desk/movements/${row.movement}?post=${chosen}${act}`));
  };
  const go = (to: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setCurrent(next);
    box.current?.children[next]?.querySelector<HTMLElement>('a')?.focus();
  };
  const toggle = (row: DeskRow | undefined): void => {
    if (row === undefined) return;
    const next = new Set(selected);
    if (!next.delete(row.movement)) next.add(row.movement);
    setSelected(next);
  };
  useKeys(!keysOff && !help && !releasing, {
    j: () => go(at + 1),
    ArrowDown: () => go(at + 1),
    k: () => go(at - 1),
    ArrowUp: () => go(at - 1),
    Enter: () => open(rows[at]),
    r: () => open(rows[at], '&act=release'),
    h: () => open(rows[at], '&act=hold'),
    q: () => open(rows[at], '&act=query'),
    i: () => open(rows[at], '&act=inspect'),
    x: () => toggle(rows[at]),
    R: () => selected.size > 0 && setReleasing(true),
    '/': () => document.getElementById('desk-search')?.focus(),
    '?': () => setHelp(true),
  });
  const first = (act: () => void): void => {
    setCursor(undefined);
    setCurrent(0);
    act();
  };
  const chosenRows = useMemo(() => rows.filter((one) => selected.has(one.movement)), [rows, selected]);
  if (posts.length === 0) return <NoPosts />;
  return (
    <Page
      title={t('officer.desk')}
      aside={
        <div class="row">
          <LinkButton kind="secondary" small to={href(`/desk/downtime?post=${chosen}`)}>
            {t('officer.downtime')}
          </LinkButton>
          <LinkButton kind="secondary" small to={href('/requirements/declared')}>
            {t('officer.requirements')}
          </LinkButton>
          <Button kind="secondary" small onClick={() => setHelp(true)}>
            {t('officer.keys')}
          </Button>
        </div>
      }
    >
      <search class="bars">
        <SelectField
          label={t('officer.post')}
          value={chosen}
          onChange={(value) => {
            localStorage.setItem(POST_KEY, value);
            first(() => setPost(value));
          }}
          options={posts.map((one) => ({ value: one.id, label: postName(one.id) }))}
        />
        <TextField
          id="desk-search"
          label={t('part.search')}
          hint={t('officer.searchHint')}
          type="search"
          value={search}
          maxLength={100}
          onChange={(text) => first(() => setSearch(text))}
        />
        <SelectField
          label={t('operator.state')}
          short
          empty={t('operator.allStates')}
          value={state}
          onChange={(value) => first(() => setState(value))}
          options={STATES.map((value) => ({
            value,
            label: `${word('desk', value)}${counts.data === undefined ? '' : ` (${value === 'done' ? t('officer.goneToday', { count: counts.data.done }) : formatNumber(counts.data[value])})`}`,
          }))}
        />
        {selected.size > 0 && (
          <Button onClick={() => setReleasing(true)}>{t('officer.releaseSelected', { count: selected.size })}</Button>
        )}
      </search>
      <Answer query={desk}>
        {({ items, next }) => (
          <>
            {items.length === 0 ? (
              <Empty title={search === '' && state === '' ? t('officer.nothingExpected') : t('operator.noneFound')} />
            ) : (
              <ol class="desk" ref={box} aria-label={t('officer.movements')}>
                {items.map((row, i) => (
                  <Row
                    key={row.movement}
                    row={row}
                    isCurrent={i === at}
                    isSelected={selected.has(row.movement)}
                    onSelect={() => toggle(row)}
                    onFocus={() => setCurrent(i)}
                    post={chosen}
                  />
                ))}
              </ol>
            )}
            <Pager first={cursor === undefined} next={next} onFirst={() => setCursor(undefined)} onNext={setCursor} />
          </>
        )}
      </Answer>
      <KeysHelp
        open={help}
        off={keysOff}
        onOff={(off) => {
          localStorage.setItem(KEYS_OFF, off ? 'yes' : 'no');
          setKeysOff(off);
        }}
        onClose={() => setHelp(false)}
      />
      {releasing && (
        <BulkRelease
          rows={chosenRows}
          post={chosen}
          onClose={() => {
            setReleasing(false);
            setSelected(new Set());
            desk.reload();
          }}
        />
      )}
    </Page>
  );
}

function Row({
  row,
  isCurrent,
  isSelected,
  onSelect,
  onFocus,
  post,
}: {
  readonly row: DeskRow;
  readonly isCurrent: boolean;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
  readonly onFocus: () => void;
  readonly post: string;
}) {
  const { zone } = useMembers();
  const time = row.arrivedAt ?? row.expectedAt;
  return (
    <li class={isCurrent ? 'current' : undefined} onFocusCapture={onFocus}>
      <div class="row spread">
        <div class="row">
          <CheckField
            label={t('officer.select', { means: row.means.identification })}
            checked={isSelected}
            onChange={onSelect}
          />
          <a href={href(`/desk/movements/${row.movement}?post=${post}`)}>
            <strong>{row.means.identification}</strong>
          </a>
          <span class="quiet small">
            {word('mode', row.means.mode)}, {countryName(row.means.country)}
          </span>
        </div>
        <div class="row">
          <Status state={row.state} label={word('desk', row.state)} />
          {row.perishable && <Status state="arrived" label={t('officer.perishable')} />}
          {row.missing === null ? (
            <Status state="expected" label={t('officer.missingUnknown')} />
          ) : row.missing > 0 ? (
            <Status state="missing" label={t('officer.missing', { count: row.missing })} />
          ) : (
            <Status state="complete" />
          )}
        </div>
      </div>
      <p class="small">
        {row.from} → {row.to}
        {time !== undefined && (
          <>
            {' · '}
            {row.arrivedAt !== undefined
              ? t('officer.arrivedSince', { time: formatDate(time, zone(post)), age: formatSince(time) })
              : t('officer.expectedAt', { time: formatDate(time, zone(post)) })}
          </>
        )}
        {row.ageSince !== undefined && (
          <>
            {' · '}
            {t('officer.waitsSince', { time: formatDate(row.ageSince, zone(post)), age: formatSince(row.ageSince) })}
          </>
        )}
        {row.trustedTrader !== 'none' && (
          <>
            {' · '}
            {t('filing.trustedTrader')}: {word('status', row.trustedTrader)}
          </>
        )}
        {row.greenChannel !== 'none' && (
          <>
            {' · '}
            {t('filing.greenChannel')}: {word('status', row.greenChannel)}
          </>
        )}
      </p>
      <ul class="small">
        {row.consignments.map((one) => (
          <li key={one.dossier}>
            <Status state={one.state} /> {one.goods === '' ? t('operator.goodsClosed') : one.goods}{' '}
            {one.grossMass !== '' && formatMass(one.grossMass)}
          </li>
        ))}
        {row.consignmentCount > row.consignments.length && (
          <li>{t('officer.moreAboard', { count: row.consignmentCount - row.consignments.length })}</li>
        )}
      </ul>
    </li>
  );
}

const KEYS: readonly (readonly [string, string])[] = [
  ['J ↓', 'officer.keyNext'],
  ['K ↑', 'officer.keyPrevious'],
  ['Enter', 'officer.keyOpen'],
  ['R', 'officer.keyRelease'],
  ['H', 'officer.keyHold'],
  ['Q', 'officer.keyQuery'],
  ['I', 'officer.keyInspect'],
  ['X', 'officer.keySelect'],
  ['Shift R', 'officer.keyReleaseSelected'],
  ['/', 'officer.keySearch'],
  ['?', 'officer.keyHelp'],
];

function KeysHelp({
  open,
  off,
  onOff,
  onClose,
}: {
  readonly open: boolean;
  readonly off: boolean;
  readonly onOff: (off: boolean) => void;
  readonly onClose: () => void;
}) {
  return (
    <Dialog title={t('officer.keys')} open={open} onClose={onClose}>
      <dl class="facts">
        {KEYS.flatMap(([key, what]) => [
          <dt key={`${key}-t`}>
            <kbd>{key}</kbd>
          </dt>,
          <dd key={`${key}-d`}>{t(what as Parameters<typeof t>[0])}</dd>,
        ])}
      </dl>
      <CheckField label={t('officer.keysOff')} checked={off} onChange={onOff} />
      <Button onClick={onClose}>{t('part.close')}</Button>
    </Dialog>
  );
}
