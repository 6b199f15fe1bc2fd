import { useState } from 'preact/hooks';
import { api, newIdempotencyKey } from '../../api.ts';
import { formatDate, href, t } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';
import { Copy } from '../../parts/more.tsx';
import { Answer } from '../../parts/page.tsx';
import { QrCode } from '../../parts/qr-code.tsx';
import { Empty, Notice, ProblemNotice } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { word } from '../words.ts';

/** Links for the driver of a movement: made, shown once with a code to print or to scan, listed, revoked. */
export function DriverLinks({ movement }: { readonly movement: string }) {
  const links = useQuery(() => api.trade.listDriverLinks({ movement }), [movement]);
  const [label, setLabel] = useState('');
  const [instructions, setInstructions] = useState('');
  const [made, setMade] = useState<{ readonly address: string; readonly until: string } | undefined>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();

  const act = async (what: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      await what();
      links.reload();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const make = () =>
    act(async () => {
      const given = {
        ...(label.trim() === '' ? {} : { label: label.trim() }),
        ...(instructions.trim() === '' ? {} : { instructions: instructions.trim() }),
      };
      const context = { idempotencyKey: newIdempotencyKey() };
      const { path, until } = await api.trade.makeDriverLink({ movement, ...given }, { context });
      setMade({ address: `${location.origin}${href(path)}`, until });
      setLabel('');
      setInstructions('');
    });
  return (
    <>
      <h2>{t('operator.driverLinks')}</h2>
      <p class="no-print">{t('operator.driverLinksText')}</p>
      {problem !== undefined && <ProblemNotice problem={problem} />}
      {made !== undefined && (
        <Notice kind="go" title={t('operator.driverLinkMade')}>
          <p>{t('operator.driverLinkOnce', { time: formatDate(made.until) })}</p>
          <QrCode text={made.address} label={t('operator.driverLinkCode')} />
          <Copy text={made.address} />
          <div class="row no-print">
            <Button kind="secondary" onClick={() => print()}>
              {t('part.print')}
            </Button>
          </div>
        </Notice>
      )}
      <div class="no-print">
        <div class="fields">
          <TextField label={t('operator.driverLinkLabel')} optional value={label} maxLength={80} onChange={setLabel} />
          <TextField
            label={t('operator.driverInstructions')}
            optional
            value={instructions}
            maxLength={1000}
            rows={2}
            onChange={setInstructions}
          />
        </div>
        <Button kind="secondary" busy={busy} onClick={() => void make()}>
          {t('operator.makeDriverLink')}
        </Button>
        <Answer query={links}>
          {({ items }) => (
            <Table
              caption={t('operator.driverLinks')}
              captionHidden
              rows={items}
              rowKey={(one) => one.link}
              empty={<Empty title={t('operator.noDriverLinks')} />}
              columns={[
                {
                  key: 'label',
                  head: t('operator.driverLinkLabel'),
                  rowHead: true,
                  cell: (one) => (one.label === '' ? one.link.slice(-12) : one.label),
                },
                {
                  key: 'state',
                  head: t('part.state'),
                  cell: (one) => (
                    <Status
                      state={one.state === 'open' ? 'in-force' : 'revoked'}
                      label={word('operator.driverLinkState', one.state)}
                    />
                  ),
                },
                { key: 'until', head: t('operator.driverLinkUntil'), cell: (one) => formatDate(one.until) },
                {
                  key: 'seen',
                  head: t('operator.driverLinkSeen'),
                  cell: (one) => (one.seenAt === null ? t('operator.driverLinkNever') : formatDate(one.seenAt)),
                },
                {
                  key: 'act',
                  head: t('operator.driverLinkAct'),
                  cell: (one) =>
                    one.state === 'open' ? (
                      <Button
                        kind="danger"
                        small
                        onClick={() =>
                          void act(async () => {
                            await api.trade.revokeDriverLink({ movement, link: one.link, revoked: true });
                          })
                        }
                      >
                        {t('operator.revokeDriverLink')}
                      </Button>
                    ) : null,
                },
              ]}
            />
          )}
        </Answer>
      </div>
    </>
  );
}
