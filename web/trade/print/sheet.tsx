import type { ComponentChildren } from 'preact';
import type { DossierView } from '../../../trade/contract.ts';
import type { Party } from '../../../trade/section.ts';
import { formatDate, language, t } from '../../languages/index.ts';
import { QrCode } from '../../parts/qr-code.tsx';
import { Notice } from '../../parts/say.tsx';
import { node } from '../../session.ts';
import { countryName } from '../words.ts';

/** What all printed forms are made of. */

export const contentOf = <T,>(view: DossierView, name: string): T | undefined =>
  view.sections.find((one) => one.name === name)?.content as T | undefined;

/** One paper, black on white; a demonstration says so in the reader's language and in English. */
export function Sheet({ children }: { readonly children: ComponentChildren }) {
  return (
    <article class="sheet">
      {node.value?.demo === true && (
        <p class="sheet-demo">
          <strong>
            {language === 'en' ? null : <>{t('verify.demo')} · </>}
            <span lang="en">DEMONSTRATION, NOT AN OFFICIAL DOCUMENT</span>
          </strong>
        </p>
      )}
      {children}
      <p class="small">{t('part.independent')}</p>
    </article>
  );
}

/** Instead of a paper one of whose sections is not here: it was erased, or is not for the reader. */
export function NoPaper({ view, of }: { readonly view: DossierView; readonly of: readonly string[] }) {
  const erased = view.sections.find(({ name, erased }) => of.includes(name) && erased !== undefined)?.erased;
  return (
    <Notice kind="wait">
      <p>
        {erased === undefined
          ? t('print.notForYou')
          : t('operator.sectionErased', { date: formatDate(erased.at), basis: erased.legalBasis })}
      </p>
    </Notice>
  );
}

export function PartyBox({ title, party }: { readonly title: string; readonly party: Party | undefined }) {
  return (
    <div class="box">
      <h2>{title}</h2>
      {party === undefined ? (
        <p>–</p>
      ) : (
        <p>
          {party.name}
          <br />
          {party.address !== undefined && (
            <>
              {party.address}
              <br />
            </>
          )}
          {countryName(party.country)}
          {party.identifier !== undefined && (
            <>
              <br />
              {t('filing.identifier')}: {party.identifier}
            </>
          )}
        </p>
      )}
    </div>
  );
}

/** Reference and version of the dossier, as text and as QR: who holds the paper finds the data. */
export function Reference({ view }: { readonly view: DossierView }) {
  return (
    <div class="box">
      <QrCode text={`${location.origin}/dossiers/${view.dossier}`} label={t('operator.reference')} />
      <p class="small">
        {t('operator.reference')}: {view.dossier}, {t('operator.versionShort', { version: view.version })},{' '}
        {formatDate(view.filedAt)}
      </p>
    </div>
  );
}

export function Grid({
  head,
  rows,
}: {
  readonly head: readonly string[];
  readonly rows: readonly (readonly ComponentChildren[])[];
}) {
  return (
    <table class="grid">
      <thead>
        <tr>
          {head.map((one) => (
            <th key={one} scope="col">
              {one}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={i}>
            {row.map((cell, j) => (
              <td key={j}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
