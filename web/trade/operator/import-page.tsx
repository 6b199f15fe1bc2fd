import { useState } from 'preact/hooks';
import { type Written, writeDossierTable } from '../../../trade/dossier-columns.ts';
import { api, type Finding, findingText, newIdempotencyKey } from '../../api.ts';
import { formatNumber, href, t, tMaybe } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { ChooseFile } from '../../parts/field.tsx';
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
/** Findings shown at once: who mends these finds the rest. */
const SHOWN = 100;

/**
 * The dossiers of a file: a JSON list, or a table that the node reads.
 * @throws SyntaxError where it begins as JSON and is no list of dossiers
 */
async function dossiersIn(text: string): Promise<{
  readonly dossiers: readonly unknown[];
  readonly references: readonly string[];
  readonly findings: readonly Finding[];
}> {
  if (/^\s*[[{]/.test(text)) {
    const value: unknown = JSON.parse(text);
    const list = Array.isArray(value) ? value : (value as { dossiers?: unknown }).dossiers;
    if (!Array.isArray(list) || list.length === 0) throw new SyntaxError('no list');
    return { dossiers: list, references: [], findings: [] };
  }
  if (text.trim() === '') throw new SyntaxError('an empty file');
  const { dossiers, findings } = await api.trade.parseDossiers({ csv: text });
  return {
    dossiers: dossiers.map(({ filing }) => filing),
    references: dossiers.map(({ reference }) => reference),
    findings: findings as Finding[],
  };
}

/** Many dossiers out of one file: each on its own, with its result; the refused ones to be mended and sent again. */
export function ImportPage() {
  const [dossiers, setDossiers] = useState<readonly unknown[]>([]);
  /** Of a table: by which reference each dossier stands in it. Empty for JSON. */
  const [references, setReferences] = useState<readonly string[]>([]);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
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
    setFindings([]);
    setDossiers([]);
    setReferences([]);
    try {
      const list = await dossiersIn(await file.text());
      setFindings(list.findings);
      setDossiers(list.dossiers);
      setReferences(list.references);
      setName(file.name);
      setKey(newIdempotencyKey());
    } catch (error) {
      if (error instanceof SyntaxError) setWrong(t('operator.importUnreadable', { name: file.name }));
      else setProblem(error);
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
        <ChooseFile
          label={t('operator.importFile')}
          hint={t('operator.importHint')}
          {...(wrong === '' ? {} : { problem: wrong })}
          accept=".csv,.tsv,.txt,.json,text/csv,application/json"
          onFile={(file) => void read(file)}
        />
        <p>
          <Button kind="quiet" small onClick={() => download('dossiers.csv', writeDossierTable([]), 'text/csv')}>
            {t('operator.importTemplate')}
          </Button>
        </p>
        {findings.length > 0 && (
          <>
            <Notice kind="stop">
              <p>{t('operator.importTable')}</p>
            </Notice>
            <Table
              caption={t('operator.importWhat')}
              rows={findings.slice(0, SHOWN)}
              rowKey={(one) => `${one.row} ${one.column} ${one.code}`}
              columns={[
                { key: 'row', head: t('operator.importRow'), rowHead: true, cell: (one) => one.row ?? '–' },
                {
                  key: 'column',
                  head: t('operator.importColumn'),
                  cell: (one) => one.params?.['column'] ?? one.column ?? '–',
                },
                { key: 'what', head: t('operator.importWhat'), cell: (one) => findingText(one) },
              ]}
            />
          </>
        )}
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
                  onClick={() => {
                    const again = refused.map(({ row }) => [references[row - 1] ?? '', dossiers[row - 1]] as const);
                    if (references.length > 0)
                      download('refused.csv', writeDossierTable(again as [string, Written][]), 'text/csv');
                    else
                      download(
                        'refused.json',
                        JSON.stringify(
                          again.map(([, one]) => one),
                          null,
                          2,
                        ),
                        'application/json',
                      );
                  }}
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
                {
                  key: 'row',
                  head: t('operator.importRow'),
                  rowHead: true,
                  cell: (one) => references[one.row - 1] ?? one.row,
                },
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
