import { useState } from 'preact/hooks';
import type { DriverCrossing } from '../../../trade/driver-contract.ts';
import { formatDate, nameIn, t } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { missingText } from '../dossier/posts.tsx';
import { word } from '../words.ts';

type Report = 'arrived-at-post' | 'left-post' | 'delayed';

/** The posts in order: what is settled, what is missing, why it is held. */
export function Crossings({
  crossings,
  manyAboard,
  report,
}: {
  readonly crossings: readonly DriverCrossing[];
  readonly manyAboard: boolean;
  readonly report: (kind: Report, post: string) => void;
}) {
  const [asked, setAsked] = useState<{ readonly kind: Report; readonly crossing: DriverCrossing } | undefined>();
  const current = crossings.find((one) => one.leftAt === null && one.state !== 'passed');
  return (
    <>
      <h2>{t('driver.crossings')}</h2>
      <ol class="crossings">
        {crossings.map((one) => (
          <li key={one.post} class={one.state} aria-current={one === current ? 'step' : undefined}>
            <h3>
              {one.name}
              <small class="quiet">{nameIn(one.memberName)}</small>
            </h3>
            <Status state={LOOK[one.state]} label={word('driver.crossing', one.state)} />
            {one.arrivedAt !== null && (
              <p class="quiet">{t('operator.arrivedAt', { time: formatDate(one.arrivedAt, one.zone) })}</p>
            )}
            {one.leftAt !== null && (
              <p class="quiet">{t('operator.leftAt', { time: formatDate(one.leftAt, one.zone) })}</p>
            )}
            {one.consignments.map((consignment) => (
              <Stop
                key={consignment.number}
                stop={consignment}
                authority={nameIn(one.authorityName)}
                named={manyAboard}
              />
            ))}
            {one === current && (
              <div class="acts">
                {one.arrivedAt === null ? (
                  <Button onClick={() => setAsked({ kind: 'arrived-at-post', crossing: one })}>
                    {t('driver.arrive')}
                  </Button>
                ) : (
                  <Button onClick={() => setAsked({ kind: 'left-post', crossing: one })}>{t('driver.leave')}</Button>
                )}
              </div>
            )}
          </li>
        ))}
      </ol>
      <Dialog
        title={
          asked?.kind === 'left-post'
            ? t('driver.leaveAsk', { post: asked.crossing.name })
            : t('driver.arriveAsk', { post: asked?.crossing.name ?? '' })
        }
        open={asked !== undefined}
        onClose={() => setAsked(undefined)}
      >
        <p>{t('driver.askText')}</p>
        <div class="acts">
          <Button
            onClick={() => {
              if (asked !== undefined) report(asked.kind, asked.crossing.post);
              setAsked(undefined);
            }}
          >
            {t('driver.yes')}
          </Button>
          <Button kind="secondary" onClick={() => setAsked(undefined)}>
            {t('driver.no')}
          </Button>
        </div>
      </Dialog>
    </>
  );
}

const LOOK: Readonly<Record<DriverCrossing['state'], string>> = {
  expected: 'expected',
  waits: 'arrived',
  held: 'held',
  settled: 'released',
  passed: 'passed',
};

/** One consignment at one post; shown only where something is to be said. */
function Stop({
  stop,
  authority,
  named,
}: {
  readonly stop: DriverCrossing['consignments'][number];
  readonly authority: string;
  readonly named: boolean;
}) {
  const { number, state, awaited, reason, missing } = stop;
  if (['released', 'passed', 'expected'].includes(state) && missing.length === 0) return null;
  return (
    <div class="stop">
      {named && <strong>{t('driver.consignment', { number })} </strong>}
      {(named || state !== 'held') && <Status state={state} />}
      {reason !== null && (
        <p>
          <strong>{t('driver.why', { reason: word('reason', reason.code) })}</strong>
          {reason.text !== undefined && <span class="as-written"> {reason.text}</span>}
        </p>
      )}
      {awaited !== null && !['arrival', 'departure'].includes(awaited.what) && (
        <p>
          {t('driver.awaited', {
            what: word('awaited', awaited.what),
            from: awaited.from === 'authority' ? authority : word('driver.from', awaited.from),
          })}
        </p>
      )}
      {missing.length > 0 && (
        <p>
          {t('driver.missing')} {missing.map(missingText).join('; ')}
        </p>
      )}
    </div>
  );
}
