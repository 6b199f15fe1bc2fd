import { useState } from 'preact/hooks';
import type { WebhookView } from '../../../trade/webhook-contract.ts';
import { ApiProblem, api, findingText, newIdempotencyKey } from '../../api.ts';
import { formatDate, t } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';
import { Copy } from '../../parts/more.tsx';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Dialog, Empty, Notice, ProblemNotice, toast } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { word } from '../words.ts';

/** Where an operator's own systems are told of changes: added, tested, removed, and what became of the last deliveries. */
export function WebhooksPage() {
  return (
    <Only who="operator">
      <Page title={t('operator.webhooks')} lead={t('operator.webhooksText')}>
        <Webhooks />
      </Page>
    </Only>
  );
}

function Webhooks() {
  const hooks = useQuery(() => api.trade.listWebhooks(), []);
  const [url, setUrl] = useState('');
  const [secret, setSecret] = useState<string | undefined>();
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [leaving, setLeaving] = useState<WebhookView | undefined>();
  const finding = problem instanceof ApiProblem ? problem.findings.find(({ path }) => path === '/url') : undefined;

  const act = async (what: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await what();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
      hooks.reload();
    }
  };
  const add = () =>
    act(async () => {
      const context = { idempotencyKey: newIdempotencyKey() };
      setSecret((await api.trade.addWebhook({ url: url.trim() }, { context })).secret);
      setUrl('');
    });
  const test = ({ webhook }: WebhookView) =>
    act(async () => {
      const { status, error } = await api.trade.testWebhook({ webhook, test: true });
      toast(outcomeText(status, error));
    });
  return (
    <>
      {problem !== undefined && finding === undefined && <ProblemNotice problem={problem} />}
      {secret !== undefined && (
        <Notice kind="go" title={t('operator.webhookAdded')}>
          <p>{t('operator.webhookSecret')}</p>
          <Copy text={secret} />
        </Notice>
      )}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <TextField
          label={t('operator.webhookAddress')}
          hint={t('operator.webhookHint')}
          type="url"
          value={url}
          maxLength={500}
          onChange={setUrl}
          problem={finding === undefined ? undefined : findingText(finding)}
        />
        <Button type="submit" busy={busy}>
          {t('operator.addWebhook')}
        </Button>
      </form>
      <Answer query={hooks}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('operator.noWebhooks')} />
          ) : (
            items.map((one) => (
              <article key={one.webhook}>
                <h2 class="code">{one.url}</h2>
                <p class="row">
                  <Status state={LOOK[one.state]} label={word('operator.webhookState', one.state)} />
                  {one.failingSince !== null && t('operator.webhookFailing', { time: formatDate(one.failingSince) })}
                </p>
                <Table
                  caption={t('operator.deliveriesTo', { address: one.url })}
                  captionHidden
                  rows={one.deliveries}
                  rowKey={({ at }) => at}
                  empty={<p class="quiet">{t('operator.noDeliveries')}</p>}
                  columns={[
                    { key: 'at', head: t('operator.deliveredAt'), rowHead: true, cell: ({ at }) => formatDate(at) },
                    {
                      key: 'changes',
                      head: t('operator.deliveredChanges'),
                      cell: ({ changes }) => (changes === 0 ? t('operator.webhookTest') : changes),
                    },
                    {
                      key: 'outcome',
                      head: t('operator.deliveredOutcome'),
                      cell: ({ status, error }) => outcomeText(status, error),
                    },
                  ]}
                />
                <div class="row">
                  <Button kind="secondary" busy={busy} onClick={() => void test(one)}>
                    {t('operator.testWebhook')}
                  </Button>
                  <Button kind="danger" onClick={() => setLeaving(one)}>
                    {t('operator.removeWebhook')}
                  </Button>
                </div>
              </article>
            ))
          )
        }
      </Answer>
      <Dialog title={t('operator.removeWebhookAsk')} open={leaving !== undefined} onClose={() => setLeaving(undefined)}>
        <p>{leaving?.url}</p>
        <div class="row">
          <Button
            kind="danger"
            onClick={() => {
              const webhook = leaving?.webhook;
              setLeaving(undefined);
              if (webhook !== undefined)
                void act(async () => {
                  await api.trade.removeWebhook({ webhook, removed: true });
                });
            }}
          >
            {t('operator.removeWebhook')}
          </Button>
          <Button kind="secondary" onClick={() => setLeaving(undefined)}>
            {t('part.cancel')}
          </Button>
        </div>
      </Dialog>
    </>
  );
}

const LOOK: Readonly<Record<WebhookView['state'], string>> = {
  active: 'in-force',
  retrying: 'arrived',
  failing: 'refused',
};

const outcomeText = (status: number | null, error: string | null): string =>
  error === null ? t('operator.webhookAnswered', { status: status ?? 0 }) : word('operator.webhookError', error);
