import { useEffect, useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import type { DossierView } from '../../../trade/contract.ts';
import type { StageRules } from '../../../trade/rules-contract.ts';
import { ApiProblem, api, type Finding, newIdempotencyKey } from '../../api.ts';
import { deleteDraft, useDraft } from '../../draft.ts';
import { formatMass, href, t } from '../../languages/index.ts';
import { loadMembers, useMembers } from '../../members.ts';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';
import { Steps } from '../../parts/more.tsx';
import { Only, Page, WholeAnswer } from '../../parts/page.tsx';
import { ErrorSummary, Loading, Notice, toast } from '../../parts/say.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { session } from '../../session.ts';
import { Changes, changesBetween } from '../dossier/changes.tsx';
import { RulesOfStage } from '../rules.tsx';
import { countryName, documentName } from '../words.ts';
import { DocumentsStep } from './documents-step.tsx';
import { changedSections, emptyForm, type FilingForm, fieldId, fromView, stepOf, sum, toFiling } from './form.ts';
import { GoodsStep } from './goods-step.tsx';
import { SanitaryStep } from './sanitary-step.tsx';
import { DriverStep, PartiesStep, RouteStep } from './steps.tsx';
import { TransportStep } from './transport-step.tsx';
import { ValuesStep } from './values-step.tsx';

const STEPS = [
  PartiesStep,
  RouteStep,
  GoodsStep,
  ValuesStep,
  TransportStep,
  SanitaryStep,
  DriverStep,
  DocumentsStep,
] as const;
const NAMES = [
  'filing.stepParties',
  'filing.stepRoute',
  'filing.stepGoods',
  'filing.stepValues',
  'filing.stepTransport',
  'filing.stepSanitary',
  'filing.stepDriver',
  'filing.stepDocuments',
  'filing.stepCheck',
] as const;
const CHECK = STEPS.length;

/** A new dossier, step by step; the draft is kept at every step. */
export function FilingPage() {
  const { params } = useRoute();
  return (
    <Only who="operator">
      <Filing
        key={params['draft'] ?? ''}
        draftKey={`dossier/${params['draft'] ?? 'new'}`}
        title={t('filing.title')}
        initial={() => emptyForm(session.value?.member ?? '', newIdempotencyKey())}
      />
    </Only>
  );
}

/** New versions of sections of a dossier that is filed: the same steps, filled, with a reason. */
export function AmendPage() {
  const { params } = useRoute();
  const dossier = params['dossier'] ?? '';
  const query = useQuery(() => api.trade.getDossier({ dossier }), [dossier]);
  return (
    <Only who="operator">
      <WholeAnswer query={query}>
        {(view) => (
          <Filing
            draftKey={`amendment/${dossier}/${view.version}`}
            title={t('filing.amendTitle')}
            initial={() => fromView(view, newIdempotencyKey(), false)}
            before={view}
          />
        )}
      </WholeAnswer>
    </Only>
  );
}

function Filing({
  draftKey,
  title,
  initial,
  before,
}: {
  readonly draftKey: string;
  readonly title: string;
  readonly initial: () => FilingForm;
  readonly before?: DossierView;
}) {
  const { route } = useLocation();
  const [start] = useState(initial);
  const draft = useDraft<FilingForm>(draftKey, start);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [rules, setRules] = useState<readonly StageRules[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [reason, setReason] = useState('');
  const form = draft.value;
  useEffect(() => void loadMembers(), []);
  // The heading takes the focus on each step, as it does on each page.
  useEffect(() => document.querySelector<HTMLElement>('main h1')?.focus(), [form.step]);
  if (!draft.ready) return <Loading />;

  const change = (part: Partial<FilingForm>): void => draft.set({ ...form, ...part });
  const go = (step: number): void => {
    change({ step });
    window.scrollTo(0, 0);
    if (step === CHECK) void check();
  };
  const failed = (error: unknown): void => {
    const found = error instanceof ApiProblem ? error.findings : [];
    setFindings(found);
    setProblem(found.length === 0 ? error : undefined);
  };
  const check = async (): Promise<void> => {
    setProblem(undefined);
    setBusy(true);
    try {
      const answer = await api.trade.checkDossier(toFiling(draft.value));
      setFindings(answer.findings as Finding[]);
      setRules(answer.rules);
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  const file = async (): Promise<void> => {
    setProblem(undefined);
    setBusy(true);
    try {
      const filing = toFiling(form);
      const context = { context: { idempotencyKey: form.idempotencyKey } };
      let dossier: string;
      if (before === undefined) dossier = (await api.trade.fileDossier(filing, context)).dossier;
      else {
        const original = toFiling(fromView(before, '', false));
        const sections = changedSections(original.sections, filing.sections);
        const way = JSON.stringify(original.route) === JSON.stringify(filing.route) ? {} : { route: filing.route };
        const receipt = await api.trade.amendDossier(
          { dossier: before.dossier, baseVersion: before.version, sections, reason, ...way } as Parameters<
            typeof api.trade.amendDossier
          >[0],
          context,
        );
        dossier = receipt.dossier;
      }
      await draft.clear();
      toast(before === undefined ? t('filing.filed') : t('filing.amended'));
      route(href(`/dossiers/${dossier}?filed`));
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  const Step = STEPS[form.step];
  const here = findings.filter((one) => form.step === CHECK || stepOf(one.path) === form.step);
  return (
    <Page title={form.step === CHECK ? t('filing.checkTitle') : t(NAMES[form.step] ?? 'filing.title')} lead={title}>
      <Steps label={t('filing.steps')} steps={NAMES.map((name) => t(name))} current={form.step} />
      {draft.restored && form.step < CHECK && (
        <Notice>
          <p>{t('filing.restored')}</p>
        </Notice>
      )}
      {(here.length > 0 || problem !== undefined) && form.step < CHECK && (
        <ErrorSummary findings={here} {...(problem === undefined ? {} : { problem })} fieldId={fieldId} />
      )}
      {Step === undefined ? (
        <>
          <CheckStep form={form} findings={findings} rules={rules} problem={problem} busy={busy} onGo={go} />
          {before !== undefined && (
            <>
              <h2>{t('changes.title')}</h2>
              <Changes {...changesBetween(toFiling(fromView(before, '', false)), toFiling(form))} />
            </>
          )}
        </>
      ) : (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            go(form.step + 1);
          }}
        >
          <Step form={form} change={change} findings={findings} />
          <div class="row">
            {form.step > 0 && (
              <Button kind="secondary" onClick={() => go(form.step - 1)}>
                {t('part.back')}
              </Button>
            )}
            <Button type="submit">{t('part.continue')}</Button>
            {form.step < CHECK - 1 && (
              <Button kind="quiet" onClick={() => go(CHECK)}>
                {t('filing.toCheck')}
              </Button>
            )}
          </div>
        </form>
      )}
      {form.step === CHECK && (
        <>
          {before !== undefined && (
            <TextField
              id={fieldId('/reason')}
              label={t('filing.reason')}
              hint={t('filing.reasonHint')}
              rows={2}
              value={reason}
              maxLength={500}
              onChange={setReason}
            />
          )}
          <div class="row">
            <Button kind="secondary" onClick={() => go(CHECK - 1)}>
              {t('part.back')}
            </Button>
            <Button kind="secondary" busy={busy} onClick={() => void check()}>
              {t('filing.checkAgain')}
            </Button>
            <Button busy={busy} onClick={() => void file()}>
              {before === undefined ? t('filing.file1') : t('filing.amend1')}
            </Button>
          </div>
        </>
      )}
      <p class="quiet small">
        {t('filing.kept')}{' '}
        <Button
          kind="quiet"
          small
          onClick={() => {
            if (confirm(t('filing.discardSure'))) void deleteDraft(draftKey).then(() => route(href('/dossiers')));
          }}
        >
          {t('filing.discard')}
        </Button>
      </p>
    </Page>
  );
}

/** Everything once more before it is final, with what the node found wrong, each leading to its field. */
function CheckStep({
  form,
  findings,
  rules,
  problem,
  busy,
  onGo,
}: {
  readonly form: FilingForm;
  readonly findings: readonly Finding[];
  readonly rules: readonly StageRules[];
  readonly problem: unknown;
  readonly busy: boolean;
  readonly onGo: (step: number) => void;
}) {
  const { post } = useMembers();
  const rows: readonly (readonly [number, string, string])[] = [
    [0, t('filing.consignor'), `${form.consignor.name}, ${countryName(form.consignor.country)}`],
    [0, t('filing.consignee'), `${form.consignee.name}, ${countryName(form.consignee.country)}`],
    [1, t('filing.originPlace'), `${form.originName}, ${countryName(form.originCountry)}`],
    [1, t('filing.destinationPlace'), `${form.destinationName}, ${countryName(form.destinationCountry)}`],
    [1, t('filing.posts'), form.posts.map(post).join(' → ') || '–'],
    [
      2,
      t('filing.stepGoods'),
      form.items
        .map((one, i) => `${i + 1}. ${one.hs} ${one.description}, ${one.packageCount} ${one.packageCode}`)
        .join('; '),
    ],
    [2, t('filing.totalGross'), formatMass(sum(form.items.map(({ grossMass }) => grossMass)))],
    [
      3,
      t('filing.values'),
      form.commercial
        ? `${sum(form.items.map(({ value }) => value))} ${form.currency}, ${form.incoterm} ${form.incotermPlace}`
        : t('filing.noValues'),
    ],
    [4, t('filing.carrier'), form.carrier.name],
    [
      4,
      t('filing.equipment'),
      form.equipment
        .map(({ identification, seals }) => `${identification}${seals === '' ? '' : ` (${seals})`}`)
        .join(', ') || '–',
    ],
    [
      5,
      t('filing.stepSanitary'),
      [...form.registrations.map(({ number }) => number), ...form.treatments.map(({ parameters }) => parameters)].join(
        ', ',
      ) || '–',
    ],
    [6, t('filing.stepDriver'), form.drivers.map(({ name }) => name).join(', ') || '–'],
    [
      7,
      t('filing.stepDocuments'),
      form.documents.map(({ code, number }) => `${documentName(code)} ${number}`).join('; ') || '–',
    ],
  ];
  return (
    <>
      {busy && findings.length === 0 && <Loading />}
      {findings.length > 0 || problem !== undefined ? (
        <>
          <ErrorSummary findings={findings} {...(problem === undefined ? {} : { problem })} />
          <p class="row">
            {[...new Set(findings.map(({ path }) => stepOf(path)))]
              .filter((step) => step < CHECK)
              .map((step) => (
                <Button key={step} kind="secondary" small onClick={() => onGo(step)}>
                  {t('filing.correct', { step: t(NAMES[step] ?? 'filing.title') })}
                </Button>
              ))}
          </p>
        </>
      ) : (
        !busy && (
          <Notice kind="go">
            <p>{t('filing.inOrder')}</p>
          </Notice>
        )
      )}
      <dl class="facts">
        {rows.map(([step, name, value]) => (
          <>
            <dt key={`${name} t`}>{name}</dt>
            <dd key={`${name} d`}>
              {value}{' '}
              <Button kind="quiet" small onClick={() => onGo(step)}>
                {t('filing.change')}
                <span class="hidden-visually">: {name}</span>
              </Button>
            </dd>
          </>
        ))}
      </dl>
      {rules.length > 0 && (
        <section aria-labelledby="rules">
          <h2 id="rules">{t('rules.title')}</h2>
          <p class="quiet">{t('rules.filingText')}</p>
          {rules.map((stage) => (
            <RulesOfStage
              key={`${stage.member} ${stage.direction}`}
              stage={stage}
              actionOf={({ path }) => {
                const step = stepOf(path);
                return step < CHECK && path !== '' ? (
                  <Button kind="secondary" small onClick={() => onGo(step)}>
                    {t('filing.correct', { step: t(NAMES[step] ?? 'filing.title') })}
                  </Button>
                ) : undefined;
              }}
            />
          ))}
          <p>
            <a
              href={href(
                `/requirements?${new URLSearchParams({
                  ...{ hs: form.items[0]?.hs ?? '', from: form.originCountry, to: form.destinationCountry },
                  ...{ origin: form.items[0]?.origin ?? '', currency: form.currency },
                })}`,
              )}
            >
              {t('rules.ask')}
            </a>
          </p>
        </section>
      )}
    </>
  );
}
