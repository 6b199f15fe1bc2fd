import { SCOPES } from '../../../members/scopes.ts';
import { api } from '../../api.ts';
import { formatDate, t } from '../../languages/index.ts';
import { ActForm } from '../../parts/act-form.tsx';
import { CheckField, DayField, SelectField, TextField } from '../../parts/field.tsx';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { session } from '../../session.ts';
import { word } from '../words.ts';

/** Who may act for whom: given to a broker, received from a trader; each for named acts, until a day, taken back at any time. */
export function DelegationsPage() {
  const own = session.value?.operator ?? '';
  const delegations = useQuery(() => api.members.listDelegations(), []);
  const operators = useQuery(() => api.members.listOperators({ limit: 200 }), []);
  const nameOf = (id: string): string => operators.data?.items.find((one) => one.id === id)?.name ?? id;
  return (
    <Only who="operator">
      <Page title={t('operator.delegations')} lead={t('operator.delegationsText')}>
        <div>
          <ActForm
            draftKey="delegation"
            initial={{
              to: '',
              until: '',
              scopes: ['file', 'amend', 'answer', 'read'] as readonly string[],
              dossier: '',
            }}
            open={t('operator.delegate')}
            title={t('operator.delegate')}
            submit={t('operator.delegate')}
            done={t('operator.delegated')}
            onDone={delegations.reload}
            act={(values, idempotencyKey) =>
              api.members.delegate(
                {
                  to: values.to,
                  scopes: values.scopes as (typeof SCOPES)[number][],
                  until: `${values.until}T23:59:59Z`,
                  ...(values.dossier.trim() === '' ? {} : { dossier: values.dossier.trim() }),
                },
                { context: { idempotencyKey } },
              )
            }
          >
            {(values, set) => (
              <>
                <SelectField
                  label={t('operator.delegateTo')}
                  empty={t('filing.choose')}
                  value={values.to}
                  onChange={(to) => set({ to })}
                  options={(operators.data?.items ?? [])
                    .filter(({ id }) => id !== own)
                    .map((one) => ({ value: one.id, label: one.name }))}
                />
                <fieldset class="field">
                  <legend>{t('operator.scopes')}</legend>
                  {SCOPES.map((scope) => (
                    <CheckField
                      key={scope}
                      label={word('scope', scope)}
                      checked={values.scopes.includes(scope)}
                      onChange={(checked) =>
                        set({
                          scopes: checked ? [...values.scopes, scope] : values.scopes.filter((one) => one !== scope),
                        })
                      }
                    />
                  ))}
                </fieldset>
                <DayField
                  label={t('operator.delegateUntil')}
                  value={values.until}
                  onChange={(until) => set({ until })}
                />
                <TextField
                  label={t('operator.delegateDossier')}
                  hint={t('operator.delegateDossierHint')}
                  optional
                  value={values.dossier}
                  maxLength={36}
                  onChange={(dossier) => set({ dossier })}
                />
              </>
            )}
          </ActForm>
        </div>
        <Answer query={delegations}>
          {({ items }) => (
            <Table
              caption={t('operator.delegations')}
              captionHidden
              rows={items}
              rowKey={(one) => one.delegation}
              empty={<Empty title={t('operator.noDelegations')} />}
              columns={[
                {
                  key: 'from',
                  head: t('operator.delegateFrom'),
                  rowHead: true,
                  cell: (one) => (one.from === own ? t('operator.you') : nameOf(one.from)),
                },
                {
                  key: 'to',
                  head: t('operator.delegateTo'),
                  cell: (one) => (one.to === own ? t('operator.you') : nameOf(one.to)),
                },
                {
                  key: 'scopes',
                  head: t('operator.scopes'),
                  cell: (one) => one.scopes.map((scope) => word('scope', scope)).join(', '),
                },
                { key: 'until', head: t('operator.delegateUntil'), cell: (one) => formatDate(one.until) },
                {
                  key: 'state',
                  head: t('operator.state'),
                  cell: (one) =>
                    one.revokedAt !== null ? (
                      <Status state="revoked" label={t('operator.takenBack')} />
                    ) : Date.parse(one.until) < Date.now() ? (
                      <Status state="withdrawn" label={t('operator.expired')} />
                    ) : one.from === own ? (
                      <ActForm
                        danger
                        draftKey={`delegation-revocation/${one.delegation}`}
                        initial={{ reason: '' }}
                        open={t('operator.takeBack')}
                        title={t('operator.takeBack')}
                        submit={t('operator.takeBack')}
                        done={t('operator.takenBack')}
                        onDone={delegations.reload}
                        act={({ reason }, idempotencyKey) =>
                          api.members.revokeDelegation(
                            { delegation: one.delegation, reason: reason.trim() },
                            { context: { idempotencyKey } },
                          )
                        }
                      >
                        {({ reason }, set) => (
                          <TextField
                            label={t('filing.reason')}
                            rows={2}
                            value={reason}
                            maxLength={500}
                            required
                            onChange={(value) => set({ reason: value })}
                          />
                        )}
                      </ActForm>
                    ) : (
                      <Status state="in-force" />
                    ),
                },
              ]}
            />
          )}
        </Answer>
      </Page>
    </Only>
  );
}
