import type { ComponentChildren } from 'preact';
import type { DossierView } from '../../../trade/contract.ts';
import type {
  CommercialSection,
  DriverSection,
  FileReference,
  GoodsSection,
  Party,
  SanitarySection,
  TradeDocument,
  TransportSection,
} from '../../../trade/section.ts';
import { formatDate, formatDay, formatMass, formatNumber, t } from '../../languages/index.ts';
import { Empty, Notice } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { countryName, documentName, packageName, word } from '../words.ts';

type Section = DossierView['sections'][number];

/** The sections of a dossier as this reader may see them; one that is closed is named, and nothing is told of it. */
export function Sections({ sections }: { readonly sections: readonly Section[] }) {
  return (
    <>
      {sections.map((section) => (
        <section key={section.name} aria-labelledby={`section-${section.name}`}>
          <h3 id={`section-${section.name}`}>
            {word('section', section.name)}{' '}
            <span class="quiet small">{t('operator.versionShort', { version: section.version })}</span>
          </h3>
          {section.state === 'closed' && <p class="quiet">{t('operator.sectionClosed')}</p>}
          {section.state === 'awaited' && (
            <Notice kind="wait">
              <p>{t('operator.sectionAwaited')}</p>
            </Notice>
          )}
          {section.erased !== undefined && <Erased erased={section.erased} />}
          {section.state === 'readable' && <Content section={section} />}
        </section>
      ))}
    </>
  );
}

function Erased({ erased }: { readonly erased: NonNullable<Section['erased']> }) {
  const members = erased.awaited.map(countryName).join(', ');
  return (
    <Notice>
      <p>{t('operator.sectionErased', { date: formatDate(erased.at), basis: erased.legalBasis })}</p>
      <p class="quiet">
        {members === '' ? t('operator.sectionErasedAll') : t('operator.sectionErasedAwaited', { members })}
      </p>
    </Notice>
  );
}

function Content({ section }: { readonly section: Section }) {
  const { name, content } = section;
  if (name === 'goods') return <Goods content={content as GoodsSection} />;
  if (name === 'commercial') return <Commercial content={content as CommercialSection} />;
  if (name === 'transport') return <Transport content={content as TransportSection} />;
  if (name === 'sanitary') return <Sanitary content={content as SanitarySection} />;
  if (name === 'driver') return <Drivers content={content as DriverSection} />;
  return <Documents documents={(content as { documents: readonly TradeDocument[] }).documents} section={name} />;
}

const partyText = ({ name, country, address, identifier }: Party): string =>
  [name, address, countryName(country), identifier].filter((one) => one !== undefined).join(', ');

function Facts({ facts }: { readonly facts: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {facts.flatMap(([name, value]) => [<dt key={`${name}-t`}>{name}</dt>, <dd key={`${name}-d`}>{value}</dd>])}
    </dl>
  );
}

function Goods({ content }: { readonly content: GoodsSection }) {
  const claim = (one: GoodsSection['trustedTrader']): ComponentChildren =>
    one === undefined ? (
      '–'
    ) : (
      <>
        <Status state={one.state} /> {one.programme} {one.number}
      </>
    );
  return (
    <>
      <Facts
        facts={[
          [t('filing.consignor'), partyText(content.consignor)],
          [t('filing.consignee'), partyText(content.consignee)],
          [t('filing.totalGross'), formatMass(content.grossMass)],
          [t('filing.trustedTrader'), claim(content.trustedTrader)],
          [t('filing.greenChannel'), claim(content.greenChannel)],
        ]}
      />
      <Table
        caption={t('operator.items')}
        rows={content.items}
        rowKey={(one) => String(one.number)}
        columns={[
          { key: 'number', head: '№', number: true, cell: (one) => one.number },
          { key: 'hs', head: t('filing.hs'), cell: (one) => <code>{one.hs}</code> },
          { key: 'description', head: t('filing.description'), rowHead: true, cell: (one) => one.description },
          { key: 'origin', head: t('filing.itemOrigin'), cell: (one) => countryName(one.origin) },
          { key: 'net', head: t('filing.netMass'), number: true, cell: (one) => formatMass(one.netMass) },
          { key: 'gross', head: t('filing.grossMass'), number: true, cell: (one) => formatMass(one.grossMass) },
          {
            key: 'packages',
            head: t('filing.packageCount'),
            cell: (one) =>
              one.packages.map(({ code, count }) => `${formatNumber(count)} × ${packageName(code)}`).join(', '),
          },
        ]}
      />
      <Documents documents={content.documents} section="goods" />
    </>
  );
}

function Commercial({ content }: { readonly content: CommercialSection }) {
  return (
    <>
      <Facts
        facts={[
          [t('filing.seller'), partyText(content.seller)],
          [t('filing.buyer'), partyText(content.buyer)],
          [t('filing.incoterm'), `${content.incoterm.code} ${content.incoterm.place}`],
          ...(content.contract === undefined
            ? []
            : [
                [
                  t('filing.contractNumber'),
                  `${content.contract.number}, ${formatDay(content.contract.date)}`,
                ] as const,
              ]),
        ]}
      />
      <Table
        caption={t('filing.values')}
        rows={content.values}
        rowKey={(one) => String(one.item)}
        columns={[
          { key: 'item', head: t('filing.itemShort'), rowHead: true, cell: (one) => one.item },
          {
            key: 'value',
            head: t('operator.value'),
            number: true,
            cell: (one) => `${formatNumber(one.value.amount)} ${one.value.currency}`,
          },
        ]}
      />
      <Documents documents={content.documents} section="commercial" />
    </>
  );
}

function Transport({ content }: { readonly content: TransportSection }) {
  const { temperature } = content;
  return (
    <>
      <Facts
        facts={[
          [t('filing.carrier'), partyText(content.carrier)],
          [
            t('filing.legs'),
            content.legs
              .map(
                (leg) =>
                  `${leg.from.name}, ${leg.from.country} → ${leg.to.name}, ${leg.to.country} (${word('mode', leg.mode)})`,
              )
              .join('; '),
          ],
          [
            t('filing.equipment'),
            content.equipment
              .map(
                (one) =>
                  `${word('equipment', one.kind)} ${one.identification}${one.seals.length === 0 ? '' : `, ${t('filing.seals')}: ${one.seals.join(', ')}`}`,
              )
              .join('; ') || '–',
          ],
          ...(temperature === undefined
            ? []
            : [
                [
                  t('filing.temperature'),
                  t('operator.degrees', { minimum: temperature.minimum, maximum: temperature.maximum }),
                ] as const,
              ]),
        ]}
      />
      <Documents documents={content.documents} section="transport" />
    </>
  );
}

function Sanitary({ content }: { readonly content: SanitarySection }) {
  return (
    <>
      <Facts
        facts={[
          ...content.registrations.map(
            (one) => [word('registration', one.kind), `${one.number}, ${one.name}, ${one.place.name}`] as const,
          ),
          ...content.treatments.map(
            (one) =>
              [
                word('treatment', one.kind),
                `${formatDate(one.started)} – ${formatDate(one.ended)}: ${one.parameters}`,
              ] as const,
          ),
        ]}
      />
      <Documents documents={content.documents} section="sanitary" />
    </>
  );
}

function Drivers({ content }: { readonly content: DriverSection }) {
  return (
    <Facts
      facts={content.drivers.map(
        (one) => [one.name, [one.licence, one.phone].filter((part) => part !== undefined).join(', ') || '–'] as const,
      )}
    />
  );
}

/** A file beside the log: downloaded under the reader's session. */
export const fileAddress = (file: FileReference): string => `/api/attachments/${file.hash}`;

function Documents({ documents, section }: { readonly documents: readonly TradeDocument[]; readonly section: string }) {
  if (documents.length === 0) return null;
  return (
    <Table
      caption={`${word('section', section)}: ${t('filing.stepDocuments')}`}
      rows={documents}
      rowKey={(one) => `${one.code} ${one.number}`}
      empty={<Empty title={t('filing.noDocuments')} />}
      columns={[
        { key: 'kind', head: t('filing.documentKind'), rowHead: true, cell: (one) => documentName(one.code) },
        { key: 'number', head: t('filing.documentNumber'), cell: (one) => one.number },
        { key: 'issued', head: t('filing.issued'), cell: (one) => formatDay(one.issued) },
        {
          key: 'expires',
          head: t('filing.expires'),
          cell: (one) => (one.expires === undefined ? '–' : formatDay(one.expires)),
        },
        {
          key: 'file',
          head: t('filing.file'),
          cell: ({ file }) =>
            file === undefined ? (
              '–'
            ) : (
              <a href={fileAddress(file)} download={file.name}>
                {t('filing.attached', { name: file.name, size: formatNumber(Math.ceil(file.size / 1024)) })}
              </a>
            ),
        },
      ]}
    />
  );
}
