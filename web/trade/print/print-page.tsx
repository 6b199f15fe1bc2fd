import { useRoute } from 'preact-iso';
import type { DossierView } from '../../../trade/contract.ts';
import type { CommercialSection, GoodsSection, TransportSection } from '../../../trade/section.ts';
import { api } from '../../api.ts';
import { formatDate, formatDay, formatMass, formatNumber, href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { Answer, Only, Page, WholeAnswer } from '../../parts/page.tsx';
import { QrCode } from '../../parts/qr-code.tsx';
import { Notice } from '../../parts/say.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { countryName, packageName, word } from '../words.ts';
import { contentOf, Grid, NoPaper, PartyBox, Reference, Sheet } from './sheet.tsx';

/**
 * Papers out of the dossier, an A4 form each, from the same data that was filed. UN/EDIFACT 1001: 380 commercial invoice, 271 packing
 * list, 730 and 720 consignment notes, certificates by their own number.
 */

export const FORMS = ['invoice', 'packing-list', 'consignment-note'] as const;

export function PrintPage() {
  const { params } = useRoute();
  const dossier = params['dossier'] ?? '';
  const form = params['form'] ?? '';
  const query = useQuery(() => api.trade.getDossier({ dossier }), [dossier]);
  return (
    <Only who="anyone">
      <WholeAnswer query={query}>{(view) => <Form view={view} form={form} />}</WholeAnswer>
    </Only>
  );
}

function Form({ view, form }: { readonly view: DossierView; readonly form: string }) {
  const certificate = view.certificates.find((one) => one.certificate === form);
  const title = certificate === undefined ? word('form', form) : word('certificate', certificate.kind);
  return (
    <Page
      title={title}
      aside={
        <div class="row no-print">
          <Button onClick={() => window.print()}>{t('operator.print')}</Button>
          <LinkButton kind="secondary" to={href(`/dossiers/${view.dossier}`)}>
            {t('print.back')}
          </LinkButton>
        </div>
      }
    >
      <Sheet>
        {certificate !== undefined ? (
          <CertificateForm view={view} certificate={certificate} />
        ) : form === 'invoice' ? (
          <Invoice view={view} />
        ) : form === 'packing-list' ? (
          <PackingList view={view} />
        ) : (
          <ConsignmentNote view={view} />
        )}
      </Sheet>
    </Page>
  );
}

function Invoice({ view }: { readonly view: DossierView }) {
  const commercial = contentOf<CommercialSection>(view, 'commercial');
  const goods = contentOf<GoodsSection>(view, 'goods');
  if (commercial === undefined || goods === undefined) return <NoPaper view={view} of={['commercial', 'goods']} />;
  const invoice = commercial.documents.find(({ code }) => code === '380');
  return (
    <>
      <div class="boxes">
        <PartyBox title={t('filing.seller')} party={commercial.seller} />
        <PartyBox title={t('filing.buyer')} party={commercial.buyer} />
        <PartyBox title={t('filing.consignee')} party={goods.consignee} />
        <Reference view={view} />
      </div>
      <p>
        {t('filing.documentNumber')}: {invoice?.number ?? '–'} · {t('filing.issued')}:{' '}
        {invoice === undefined ? '–' : formatDay(invoice.issued)} · {t('filing.incoterm')}: {commercial.incoterm.code}{' '}
        {commercial.incoterm.place}
        {commercial.contract !== undefined && (
          <>
            {' '}
            · {t('filing.contractNumber')}: {commercial.contract.number}, {formatDay(commercial.contract.date)}
          </>
        )}
      </p>
      <Grid
        head={[
          '№',
          t('filing.description'),
          t('filing.hs'),
          t('filing.itemOrigin'),
          t('filing.netMass'),
          t('operator.value'),
        ]}
        rows={goods.items.map((item) => {
          const value = commercial.values.find((one) => one.item === item.number)?.value;
          return [
            item.number,
            item.description,
            item.hs,
            countryName(item.origin),
            formatNumber(item.netMass),
            value === undefined ? '–' : `${formatNumber(value.amount)} ${value.currency}`,
          ];
        })}
      />
    </>
  );
}

function PackingList({ view }: { readonly view: DossierView }) {
  const goods = contentOf<GoodsSection>(view, 'goods');
  if (goods === undefined) return <NoPaper view={view} of={['goods']} />;
  return (
    <>
      <div class="boxes">
        <PartyBox title={t('filing.consignor')} party={goods.consignor} />
        <PartyBox title={t('filing.consignee')} party={goods.consignee} />
        <Reference view={view} />
      </div>
      <Grid
        head={[
          '№',
          t('filing.description'),
          t('filing.hs'),
          t('filing.packageCount'),
          t('filing.marks'),
          t('filing.netMass'),
          t('filing.grossMass'),
        ]}
        rows={goods.items.map((item) => [
          item.number,
          item.description,
          item.hs,
          item.packages.map(({ code, count }) => `${formatNumber(count)} × ${packageName(code)}`).join(', '),
          item.packages.map(({ marks }) => marks ?? '').join(' '),
          formatNumber(item.netMass),
          formatNumber(item.grossMass),
        ])}
      />
      <p>
        {t('filing.totalGross')}: <strong>{formatMass(goods.grossMass)}</strong>
      </p>
    </>
  );
}

function ConsignmentNote({ view }: { readonly view: DossierView }) {
  const { post } = useMembers();
  const goods = contentOf<GoodsSection>(view, 'goods');
  const transport = contentOf<TransportSection>(view, 'transport');
  if (goods === undefined || transport === undefined) return <NoPaper view={view} of={['goods', 'transport']} />;
  return (
    <>
      <div class="boxes">
        <PartyBox title={t('filing.consignor')} party={goods.consignor} />
        <PartyBox title={t('filing.consignee')} party={goods.consignee} />
        <PartyBox title={t('filing.carrier')} party={transport.carrier} />
        <Reference view={view} />
      </div>
      <p>
        {t('filing.legs')}:{' '}
        {transport.legs
          .map(
            (leg) =>
              `${leg.from.name}, ${leg.from.country} → ${leg.to.name}, ${leg.to.country} (${word('mode', leg.mode)})`,
          )
          .join('; ')}
      </p>
      <p>
        {t('filing.posts')}: {view.route.posts.map(post).join(' → ') || '–'}
      </p>
      <p>
        {t('filing.equipment')}:{' '}
        {transport.equipment
          .map((one) => `${word('equipment', one.kind)} ${one.identification} (${one.seals.join(', ') || '–'})`)
          .join('; ') || '–'}
      </p>
      <Grid
        head={['№', t('filing.description'), t('filing.hs'), t('filing.packageCount'), t('filing.grossMass')]}
        rows={goods.items.map((item) => [
          item.number,
          item.description,
          item.hs,
          item.packages.map(({ code, count }) => `${formatNumber(count)} × ${packageName(code)}`).join(', '),
          formatNumber(item.grossMass),
        ])}
      />
      <div class="boxes">
        {[t('filing.consignor'), t('filing.carrier'), t('filing.consignee')].map((who) => (
          <div class="box" key={who}>
            <h2>{who}</h2>
            <p class="sign">{t('print.signature')}</p>
          </div>
        ))}
      </div>
    </>
  );
}

function CertificateForm({
  view,
  certificate,
}: {
  readonly view: DossierView;
  readonly certificate: DossierView['certificates'][number];
}) {
  const { authority } = useMembers();
  const goods = contentOf<GoodsSection>(view, 'goods');
  const code = useQuery(
    () => api.trade.certificateCode({ certificate: certificate.certificate }),
    [certificate.certificate],
  );
  return (
    <>
      {certificate.state === 'revoked' && (
        <Notice kind="stop" title={t('status.revoked')}>
          <p>{certificate.revocation?.reason}</p>
        </Notice>
      )}
      <div class="boxes">
        <div class="box">
          <h2>{t('operator.issuedBy')}</h2>
          <p>{authority(certificate.authority)}</p>
          <p>
            {t('filing.documentNumber')}: <strong>{certificate.number}</strong>
            <br />
            {t('operator.validity')}: {formatDate(certificate.validFrom)} – {formatDate(certificate.validUntil)}
          </p>
        </div>
        <PartyBox title={t('filing.consignor')} party={goods?.consignor} />
        <PartyBox title={t('filing.consignee')} party={goods?.consignee} />
        <div class="box">
          <Answer query={code}>{(data) => <QrCode text={data.code} label={t('print.code')} />}</Answer>
          <p class="small">{t('print.codeText')}</p>
        </div>
      </div>
      {goods !== undefined && (
        <Grid
          head={[
            '№',
            t('filing.description'),
            t('filing.hs'),
            t('filing.itemOrigin'),
            t('filing.packageCount'),
            t('filing.netMass'),
          ]}
          rows={goods.items.map((item) => [
            item.number,
            item.description,
            item.hs,
            countryName(item.origin),
            item.packages.map(({ count, code: kind }) => `${formatNumber(count)} × ${packageName(kind)}`).join(', '),
            formatNumber(item.netMass),
          ])}
        />
      )}
      <p class="small">
        {t('operator.commitment')}: <code>{certificate.commitment}</code>
      </p>
    </>
  );
}
