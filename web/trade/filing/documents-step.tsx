import { useRef, useState } from 'preact/hooks';
import { problemText } from '../../api.ts';
import { formatNumber, t } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { ChooseFile, DayField, SelectField, TextField } from '../../parts/field.tsx';
import { Progress } from '../../parts/say.tsx';
import { DOCUMENT_CODES, documentName, word } from '../words.ts';
import { bind, Repeated, replaceAt, type StepProps, withoutAt } from './fields.tsx';
import type { DocumentForm } from './form.ts';
import { MEDIA_TYPES, uploadFile } from './upload.ts';

const SECTIONS = ['commercial', 'transport', 'goods', 'sanitary', 'attachments'] as const;

/** The papers: each under the section whose readers may see it, with its file where there is one. */
export function DocumentsStep({ form, change, findings }: StepProps) {
  // Findings name documents by their place in their section.
  const pathOf = (i: number): string => {
    const { section } = form.documents[i] as DocumentForm;
    const place = form.documents.slice(0, i).filter((one) => one.section === section).length;
    return `/sections/${section}/documents/${place}`;
  };
  return (
    <Repeated
      list={form.documents}
      empty={t('filing.noDocuments')}
      legend={(i) => t('filing.document', { number: i + 1 })}
      add={t('filing.addDocument')}
      onAdd={() =>
        change({
          documents: [
            ...form.documents,
            { section: 'commercial', code: '380', number: '', issued: '', expires: '', issuer: '', file: null },
          ],
        })
      }
      onRemove={(i) => change({ documents: withoutAt(form.documents, i) })}
    >
      {(one, i) => {
        const path = pathOf(i);
        const set = (part: Partial<DocumentForm>): void => change({ documents: replaceAt(form.documents, i, part) });
        return (
          <>
            <div class="fields">
              <SelectField
                {...bind(findings, `${path}/code`)}
                label={t('filing.documentKind')}
                value={one.code}
                onChange={(code) => set({ code })}
                options={[...new Set([...DOCUMENT_CODES, one.code])].map((value) => ({
                  value,
                  label: documentName(value),
                }))}
              />
              <TextField
                {...bind(findings, `${path}/number`)}
                label={t('filing.documentNumber')}
                value={one.number}
                maxLength={60}
                onChange={(number) => set({ number })}
              />
              <DayField
                {...bind(findings, `${path}/issued`)}
                label={t('filing.issued')}
                value={one.issued}
                onChange={(issued) => set({ issued })}
              />
              <DayField
                {...bind(findings, `${path}/expires`)}
                label={t('filing.expires')}
                optional
                value={one.expires}
                onChange={(expires) => set({ expires })}
              />
              <TextField
                {...bind(findings, `${path}/issuer`)}
                label={t('filing.issuer')}
                optional
                value={one.issuer}
                maxLength={200}
                onChange={(issuer) => set({ issuer })}
              />
              <SelectField
                label={t('filing.documentReaders')}
                hint={t('filing.documentReadersHint')}
                value={one.section}
                onChange={(section) => set({ section: section as DocumentForm['section'] })}
                options={SECTIONS.map((value) => ({ value, label: word('section', value) }))}
              />
            </div>
            <FileField {...bind(findings, `${path}/file`)} file={one.file} onChange={(file) => set({ file })} />
          </>
        );
      }}
    </Repeated>
  );
}

/** A file that is sent when it is chosen, with how far it is and a way to stop. */
export function FileField({
  file,
  onChange,
  id,
  problem,
}: {
  readonly file: DocumentForm['file'];
  readonly onChange: (file: DocumentForm['file']) => void;
  readonly id: string;
  readonly problem?: string;
}) {
  const [sent, setSent] = useState<{ readonly done: number; readonly of: number } | null>(null);
  const [wrong, setWrong] = useState<unknown>();
  const abort = useRef<AbortController | null>(null);
  const send = async (chosen: File): Promise<void> => {
    abort.current = new AbortController();
    setWrong(undefined);
    setSent({ done: 0, of: chosen.size });
    try {
      onChange(await uploadFile(chosen, abort.current.signal, (done, of) => setSent({ done, of })));
    } catch (error) {
      if (!(error instanceof DOMException)) setWrong(error);
    } finally {
      setSent(null);
    }
  };
  if (sent !== null)
    return (
      <Progress
        label={t('filing.uploading', {
          done: formatNumber(Math.round(sent.done / 1024)),
          of: formatNumber(Math.round(sent.of / 1024)),
        })}
        value={sent.done}
        of={sent.of}
        onCancel={() => abort.current?.abort()}
      />
    );
  if (file !== null)
    return (
      <p class="row" id={id} tabIndex={-1}>
        <span>{t('filing.attached', { name: file.name, size: formatNumber(Math.ceil(file.size / 1024)) })}</span>
        <Button kind="quiet" small onClick={() => onChange(null)}>
          {t('filing.removeFile')}
        </Button>
      </p>
    );
  return (
    <ChooseFile
      label={t('filing.file')}
      hint={t('filing.fileHint')}
      optional
      id={id}
      {...(wrong === undefined ? (problem === undefined ? {} : { problem }) : { problem: problemText(wrong) })}
      accept={MEDIA_TYPES.join(',')}
      onFile={(file) => void send(file)}
    />
  );
}
