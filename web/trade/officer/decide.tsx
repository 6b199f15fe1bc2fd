import { useState } from 'preact/hooks';
import type { DossierView } from '../../../trade/contract.ts';
import { CERTIFICATE_KINDS, DECISIONS, REASONS } from '../../../trade/lists.ts';
import { api } from '../../api.ts';
import { href, nameIn, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { ActForm } from '../../parts/act-form.tsx';
import { Button, LinkButton } from '../../parts/button.tsx';
import { DayField, RadioField, SelectField, TextField } from '../../parts/field.tsx';
import { Notice } from '../../parts/say.tsx';
import { mayDo, session } from '../../session.ts';
import { VersionChanges } from '../dossier/changes.tsx';
import { word } from '../words.ts';

/** What an authority does with a dossier: decisions at its own posts, certificates, appeals. Shown by mandate; the node decides anew. */

type Decision = (typeof DECISIONS)[number];

interface Props {
  readonly view: DossierView;
  readonly reload: () => void;
}

export function DecideForms({ view, reload }: Props) {
  const { post } = useMembers();
  const own = session.value?.authority;
  const posts = view.timeline.filter((one) => one.authority === own);
  const over = view.state === 'withdrawn' || view.contradictions.length > 0;
  return (
    <section class="no-print" aria-labelledby="acts">
      <h2 id="acts">{t('officer.acts')}</h2>
      {over && (
        <Notice kind="wait">
          <p>{t('officer.nothingToDecide')}</p>
        </Notice>
      )}
      {!over && mayDo('decide') && posts.length === 0 && <p class="quiet">{t('officer.noOwnPost')}</p>}
      {!over &&
        mayDo('decide') &&
        posts.map((one) => (
          <div class="card" key={one.post}>
            <h3>{post(one.post)}</h3>
            <div class="row">
              {DECISIONS.map((decision) => (
                <DecideForm key={decision} view={view} post={one.post} decision={decision} done={reload} />
              ))}
            </div>
          </div>
        ))}
      {!over &&
        CERTIFICATE_KINDS.filter((kind) => mayDo(`certify-${kind}`)).map((kind) => (
          <IssueForm key={kind} view={view} kind={kind} done={reload} />
        ))}
      {view.certificates
        .filter((one) => one.authority === own && one.state === 'in-force')
        .map((one) => (
          <ActForm
            key={one.certificate}
            danger
            draftKey={`revocation/${one.certificate}`}
            initial={{ reason: '' }}
            open={t('officer.revoke', { number: one.number })}
            title={t('officer.revokeTitle', { number: one.number })}
            submit={t('officer.revokeSubmit')}
            done={t('officer.revoked')}
            onDone={reload}
            act={({ reason }, idempotencyKey) =>
              api.trade.revokeCertificate(
                { certificate: one.certificate, reason: reason.trim() },
                { context: { idempotencyKey } },
              )
            }
          >
            {({ reason }, set) => (
              <>
                <p>{t('officer.revokeText')}</p>
                <TextField
                  label={t('filing.reason')}
                  rows={2}
                  value={reason}
                  maxLength={1000}
                  required
                  onChange={(value) => set({ reason: value })}
                />
              </>
            )}
          </ActForm>
        ))}
      {mayDo('decide-appeals') &&
        view.timeline
          .flatMap((one) => one.decisions)
          .filter(
            ({ appeal, appealed }) => appeal?.to === own && appealed !== undefined && appealed.outcome === undefined,
          )
          .map((one) => (
            <AppealOutcomeForm key={one.commitment} view={view} appeal={one.appealed?.commitment ?? ''} done={reload} />
          ))}
    </section>
  );
}

/** Reasons that fit a decision stand first; all can be given. */
const FITTING: Readonly<Record<Decision, (typeof REASONS)[number]>> = {
  release: 'in-order',
  hold: 'document-missing',
  query: 'document-missing',
  inspect: 'selected-by-goods-rule',
  refuse: 'prohibited',
};

/** @param onKey tells the desk that the form is for this decision, opened by a key */
export function DecideForm({
  view,
  post,
  decision,
  done,
  movement,
}: {
  readonly view: Pick<DossierView, 'dossier' | 'version' | 'goods'>;
  readonly post: string;
  readonly decision: Decision;
  readonly done: () => void;
  readonly movement?: string;
}) {
  const { list } = useMembers();
  const member = list.find((one) => one.code === session.value?.member);
  const appeals = member?.authorities.filter((one) => one.mandates.includes('decide-appeals')) ?? [];
  const appealable = decision === 'hold' || decision === 'refuse';
  return (
    <ActForm
      danger={decision === 'refuse'}
      draftKey={`decision/${view.dossier}/${post}/${decision}`}
      initial={{
        code: FITTING[decision] as string,
        text: '',
        question: '',
        appealTo: '',
        appealText: '',
        until: '',
        seen: view.version,
      }}
      open={word('decision', decision)}
      title={`${word('decision', decision)}: ${view.goods || view.dossier}`}
      submit={word('decision', decision)}
      done={t('officer.decided')}
      onDone={done}
      act={(values, idempotencyKey) =>
        api.trade.decide(
          {
            dossier: view.dossier,
            version: values.seen,
            post,
            decision,
            reason: {
              code: values.code as (typeof REASONS)[number],
              ...(values.text.trim() === '' ? {} : { text: values.text.trim() }),
            },
            ...(decision === 'query' ? { question: values.question.trim() } : {}),
            ...(appealable
              ? {
                  appeal: {
                    to: values.appealTo || (appeals[0]?.id ?? ''),
                    text: values.appealText.trim() || t('officer.appealDefault'),
                    ...(values.until === '' ? {} : { until: values.until as never }),
                  },
                }
              : {}),
            ...(movement === undefined ? {} : { movement }),
          },
          { context: { idempotencyKey } },
        )
      }
    >
      {(values, set) => (
        <>
          {values.seen === view.version ? (
            <p class="quiet">{t('officer.onVersion', { version: view.version })}</p>
          ) : (
            <Notice kind="wait">
              <p>{t('officer.changedMeanwhile', { version: view.version, seen: values.seen })}</p>
              {Array.from({ length: view.version - values.seen }, (_, i) => values.seen + 1 + i).map((version) => (
                <VersionChanges key={version} dossier={view.dossier} version={version} />
              ))}
              <div class="row">
                <LinkButton kind="secondary" small to={href(`/dossiers/${view.dossier}`)}>
                  {t('officer.readChange')}
                </LinkButton>
                <Button kind="secondary" small onClick={() => set({ seen: view.version })}>
                  {t('officer.changeRead', { version: view.version })}
                </Button>
              </div>
            </Notice>
          )}
          <SelectField
            label={t('officer.reason')}
            value={values.code}
            onChange={(code) => set({ code })}
            options={REASONS.map((value) => ({ value, label: word('reason', value) }))}
          />
          <TextField
            label={t('officer.reasonText')}
            optional
            rows={2}
            value={values.text}
            maxLength={1000}
            onChange={(text) => set({ text })}
          />
          {decision === 'query' && (
            <TextField
              label={t('operator.question')}
              hint={t('officer.questionHint')}
              rows={3}
              value={values.question}
              maxLength={1000}
              required
              onChange={(question) => set({ question })}
            />
          )}
          {appealable && (
            <>
              <SelectField
                label={t('officer.appealAt')}
                value={values.appealTo || (appeals[0]?.id ?? '')}
                onChange={(appealTo) => set({ appealTo })}
                options={appeals.map((one) => ({ value: one.id, label: nameIn(one.name) }))}
              />
              <TextField
                label={t('officer.appealHow')}
                rows={2}
                value={values.appealText}
                maxLength={500}
                hint={t('officer.appealDefault')}
                optional
                onChange={(appealText) => set({ appealText })}
              />
              <DayField
                label={t('officer.appealUntil')}
                optional
                value={values.until}
                onChange={(until) => set({ until })}
              />
            </>
          )}
        </>
      )}
    </ActForm>
  );
}

const dayAfter = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

function IssueForm({
  view,
  kind,
  done,
}: {
  readonly view: DossierView;
  readonly kind: (typeof CERTIFICATE_KINDS)[number];
  readonly done: () => void;
}) {
  const [initial] = useState({ number: '', statement: '', from: dayAfter(0), until: dayAfter(30) });
  return (
    <ActForm
      draftKey={`certificate/${view.dossier}/${kind}`}
      initial={initial}
      open={t('officer.issue', { kind: word('certificate', kind) })}
      title={t('officer.issue', { kind: word('certificate', kind) })}
      submit={t('officer.issueSubmit')}
      done={t('officer.issued')}
      onDone={done}
      act={({ number, statement, from, until }, idempotencyKey) =>
        api.trade.issueCertificate(
          {
            dossier: view.dossier,
            version: view.version,
            kind,
            number: number.trim(),
            statement: statement.trim(),
            validFrom: `${from}T00:00:00Z`,
            validUntil: `${until}T23:59:59Z`,
          },
          { context: { idempotencyKey } },
        )
      }
    >
      {(values, set) => (
        <>
          <p class="quiet">{t('officer.onVersion', { version: view.version })}</p>
          <TextField
            label={t('filing.documentNumber')}
            value={values.number}
            maxLength={60}
            required
            onChange={(number) => set({ number })}
          />
          <TextField
            label={t('officer.statement')}
            hint={t('officer.statementHint')}
            rows={4}
            value={values.statement}
            maxLength={2000}
            required
            onChange={(statement) => set({ statement })}
          />
          <div class="fields">
            <DayField label={t('officer.validFrom')} value={values.from} onChange={(from) => set({ from })} />
            <DayField label={t('officer.validUntil')} value={values.until} onChange={(until) => set({ until })} />
          </div>
        </>
      )}
    </ActForm>
  );
}

function AppealOutcomeForm({
  view,
  appeal,
  done,
}: {
  readonly view: DossierView;
  readonly appeal: string;
  readonly done: () => void;
}) {
  return (
    <ActForm
      draftKey={`appeal-outcome/${appeal}`}
      initial={{ outcome: 'upheld', reason: '' }}
      open={t('officer.decideAppeal')}
      title={t('officer.decideAppeal')}
      submit={t('officer.decideAppealSubmit')}
      done={t('officer.decided')}
      onDone={done}
      act={({ outcome, reason }, idempotencyKey) =>
        api.trade.decideAppeal(
          { dossier: view.dossier, appeal, outcome: outcome as 'upheld' | 'dismissed', reason: reason.trim() },
          { context: { idempotencyKey } },
        )
      }
    >
      {(values, set) => (
        <>
          <RadioField
            legend={t('officer.outcome')}
            value={values.outcome}
            onChange={(outcome) => set({ outcome })}
            options={['upheld', 'dismissed'].map((value) => ({ value, label: word('outcome', value) }))}
          />
          <TextField
            label={t('filing.reason')}
            rows={3}
            value={values.reason}
            maxLength={1000}
            required
            onChange={(reason) => set({ reason })}
          />
        </>
      )}
    </ActForm>
  );
}
