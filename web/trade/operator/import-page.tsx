import { useState } from 'preact/hooks';
import { api, type Finding, findingText, newIdempotencyKey } from '../../api.ts';
import { formatNumber, href, t, tMaybe } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { Field } from '../../parts/field.tsx';
import { Only, Page } from '../../parts/page.tsx';
import { Notice, ProblemNotice, Progress } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { download } from '../dossier/dossier-page.tsx';

interface Result {
  readonly row: number;
  readonly dossier?: string;
  readonly refusal?: { readonly code: string; readonly detail: string; readonly findings?: readonly Finding[] };
}

const BATCH = 50;

/** Many dossiers out of one file: each on its own, with its result; the refused ones to be mended and sent again. */
export function ImportPage() {
  const [dossiers, setDossiers] = useState<readonly unknown[]>([]);
  const [name, setName] = useState('');
  const [key, setKey] = useState('');
  const [results, setResults] = useState<readonly Result[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const [wrong, setWrong] = useState('');
  const [running, setRunning] = useState(false);
  const read = async (file: File): Promise<void> => {
    setResults([]);
    setWrong('');
    setProblem(undefined);
    try {
      const value: unknown = JSON.parse(await file.text());
      const list = Array.isArray(value) ? value : (value as { dossiers?: unknown }).dossiers;
      if (!Array.isArray(list) || list.length === 0) throw new Error('no list');
      setDossiers(list);
      setName(file.name);
      setKey(newIdempotencyKey());
    } catch {
      setDossiers([]);
      setWrong(t('operator.importUnreadable', { name: file.name }));
    }
  };
  const run = async (): Promise<void> => {
    setRunning(true);
    setProblem(undefined);
    try {
      for (let from = results.length; from < dossiers.length; from += BATCH) {
        const answer = await api.trade.importDossiers(
          { dossiers: dossiers.slice(from, from + BATCH) },
          { context: { idempotencyKey: `${key}-${from}` } },
        );
        setResults((before) => [
          ...before,
          ...answer.results.map(
            (one): Result => ({
              row: from + one.row,
              ...(one.receipt === undefined ? {} : { dossier: one.receipt.dossier }),
              ...(one.refusal === undefined ? {} : { refusal: one.refusal as NonNullable<Result['refusal']> }),
            }),
          ),
        ]);
      }
    } catch (error) {
      setProblem(error);
    } finally {
      setRunning(false);
    }
  };
  const refused = results.filter((one) => one.refusal !== undefined);
  return (
    <Only who="operator">
      <Page title={t('operator.import')} lead={t('operator.importText')}>
        <Field
          label={t('operator.importFile')}
          hint={t('operator.importHint')}
          {...(wrong === '' ? {} : { problem: wrong })}
        >
          {(wiring) => (
            <input
              {...wiring}
              type="file"
              accept=".json,application/json"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file !== undefined) void read(file);
              }}
            />
          )}
        </Field>
        {problem !== undefined && <ProblemNotice problem={problem} retry={() => void run()} />}
        {dossiers.length > 0 && !running && results.length < dossiers.length && problem === undefined && (
          <>
            <p>{t('operator.importReady', { count: dossiers.length, name })}</p>
            <Button onClick={() => void run()}>{t('operator.importRun', { count: dossiers.length })}</Button>
          </>
        )}
        {running && (
          <Progress
            label={t('operator.importRunning', {
              done: formatNumber(results.length),
              of: formatNumber(dossiers.length),
            })}
            value={results.length}
            of={dossiers.length}
          />
        )}
        {results.length > 0 && (
          <>
            <Notice kind={refused.length === 0 ? 'go' : 'wait'}>
              <p>{t('operator.importDone', { accepted: results.length - refused.length, refused: refused.length })}</p>
            </Notice>
            {refused.length > 0 && (
              <p>
                <Button
                  kind="secondary"
                  onClick={() =>
                    download(
                      'refused.json',
                      JSON.stringify(
                        refused.map((one) => dossiers[one.row - 1]),
                        null,
                        2,
                      ),
                      'application/json',
                    )
                  }
                >
                  {t('operator.importRefused')}
                </Button>
              </p>
            )}
            <Table
              caption={t('operator.importResults')}
              rows={results}
              rowKey={(one) => String(one.row)}
              columns={[
                { key: 'row', head: t('operator.importRow'), rowHead: true, cell: (one) => one.row },
                {
                  key: 'state',
                  head: t('operator.state'),
                  cell: (one) => <Status state={one.refusal === undefined ? 'filed' : 'refused'} />,
                },
                {
                  key: 'result',
                  head: t('trust.result'),
                  cell: ({ dossier, refusal }) =>
                    dossier !== undefined ? (
                      <a href={href(`/dossiers/${dossier}`)}>{dossier}</a>
                    ) : (
                      <span>
                        {tMaybe(`problem.${refusal?.code}`) ?? refusal?.detail}{' '}
                        {(refusal?.findings ?? []).map((one) => `${one.path}: ${findingText(one)}`).join('; ')}
                      </span>
                    ),
                },
              ]}
            />
          </>
        )}
      </Page>
    </Only>
  );
}
