import { useRef, useState } from 'preact/hooks';
import type { DeskRow } from '../../../trade/contract.ts';
import { api, newIdempotencyKey, problemText } from '../../api.ts';
import { t } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog, Progress } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';

interface Line {
  readonly dossier: string;
  readonly version: number;
  readonly movement: string;
  readonly label: string;
  readonly key: string;
}

/** Releases every consignment aboard the chosen movements that waits for a decision: each on its own, each with its result. */
export function BulkRelease({
  rows,
  post,
  onClose,
}: {
  readonly rows: readonly DeskRow[];
  readonly post: string;
  readonly onClose: () => void;
}) {
  const [lines] = useState(() =>
    rows.flatMap((row) =>
      row.consignments
        .filter((one) => one.onRoute && !['released', 'passed', 'refused'].includes(one.state))
        .map(
          (one): Line => ({
            dossier: one.dossier,
            version: one.version,
            movement: row.movement,
            label: `${row.means.identification}: ${one.goods || one.dossier}`,
            key: newIdempotencyKey(),
          }),
        ),
    ),
  );
  const [results, setResults] = useState<ReadonlyMap<string, string>>(new Map());
  const [running, setRunning] = useState(false);
  const stopped = useRef(false);
  const done = results.size;
  const run = async (): Promise<void> => {
    setRunning(true);
    stopped.current = false;
    for (const line of lines) {
      if (stopped.current) break;
      if (results.get(line.key) === 'released') continue;
      let result = 'released';
      try {
        await api.trade.decide(
          {
            dossier: line.dossier,
            version: line.version,
            post,
            decision: 'release',
            reason: { code: 'in-order' },
            movement: line.movement,
          },
          { context: { idempotencyKey: line.key } },
        );
      } catch (error) {
        result = problemText(error);
      }
      setResults((before) => new Map(before).set(line.key, result));
    }
    setRunning(false);
  };
  return (
    <Dialog title={t('officer.bulkTitle', { count: lines.length })} open onClose={onClose}>
      <p>{t('officer.bulkText')}</p>
      <ul>
        {lines.map((line) => {
          const result = results.get(line.key);
          return (
            <li key={line.key}>
              {line.label}{' '}
              {result === 'released' ? (
                <Status state="released" />
              ) : (
                result !== undefined && <strong class="wrong">{result}</strong>
              )}
            </li>
          );
        })}
      </ul>
      {running ? (
        <Progress
          label={t('officer.bulkRunning', { done, of: lines.length })}
          value={done}
          of={lines.length}
          onCancel={() => {
            stopped.current = true;
          }}
        />
      ) : (
        <div class="row">
          {done < lines.length && (
            <Button onClick={() => void run()}>{t('officer.bulkConfirm', { count: lines.length - done })}</Button>
          )}
          <Button kind="secondary" onClick={onClose}>
            {done === 0 ? t('part.cancel') : t('part.close')}
          </Button>
        </div>
      )}
    </Dialog>
  );
}
