import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { type Finding, findingText, problemText } from '../api.ts';
import { t } from '../languages/index.ts';
import { Button } from './button.tsx';
import type { Tone } from './status.tsx';

/** What is said to the reader: notices, empty places, problems, summaries of errors, dialogs, toasts, progress. */

export function Notice({
  kind = 'plain',
  title,
  children,
}: {
  readonly kind?: Tone;
  readonly title?: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class={`notice ${kind}`}>
      {title !== undefined && (
        <p>
          <strong>{title}</strong>
        </p>
      )}
      {children}
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

/** Why something could not be shown or done, with a way to try again. */
export function ProblemNotice({ problem, retry }: { readonly problem: unknown; readonly retry?: () => void }) {
  return (
    <div class="notice stop" role="alert">
      <p>
        <strong>{problemText(problem)}</strong>
      </p>
      {retry !== undefined && (
        <Button kind="secondary" small onClick={retry}>
          {t('part.again')}
        </Button>
      )}
    </div>
  );
}

/** Shown above a form that was refused; takes the focus; each line leads to its field. @param fieldId of a finding's path */
export function ErrorSummary({
  problem,
  findings,
  fieldId,
}: {
  readonly problem?: unknown;
  readonly findings: readonly Finding[];
  readonly fieldId?: (path: string) => string | undefined;
}) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => box.current?.focus(), [findings, problem]);
  if (findings.length === 0 && problem === undefined) return null;
  return (
    <div class="errors" role="alert" tabIndex={-1} ref={box} aria-labelledby={id}>
      <h2 id={id}>{findings.length === 0 ? t('part.problem') : t('part.findings', { count: findings.length })}</h2>
      {problem !== undefined && <p>{problemText(problem)}</p>}
      <ul>
        {findings.map((one) => {
          const field = fieldId?.(one.path);
          const where = one.row === undefined ? '' : `${t('part.row', { row: one.row })}: `;
          return (
            <li key={`${one.path} ${one.code} ${one.row} ${one.column}`}>
              {field === undefined ? (
                where + findingText(one)
              ) : (
                <a href={`#${field}`} onClick={(event) => focusField(event, field)}>
                  {where + findingText(one)}
                </a>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function focusField(event: Event, id: string): void {
  const field = document.getElementById(id);
  if (field === null) return;
  event.preventDefault();
  field.focus();
  field.scrollIntoView({ block: 'center' });
}

/** A modal dialog on the browser's own element: focus stays in it, Escape closes it. */
export function Dialog({
  title,
  open,
  onClose,
  children,
}: {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (open && box.current?.open === false) box.current.showModal();
    if (!open) box.current?.close();
  }, [open]);
  if (!open) return null;
  return (
    <dialog ref={box} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly act: () => void };
}
const toasts = signal<readonly Toast[]>([]);
let count = 0;

/** Says that something was done; read aloud, gone after ten seconds, or kept while it offers something. */
export function toast(text: string, action?: Toast['action']): void {
  const id = ++count;
  toasts.value = [...toasts.value, { id, text, ...(action === undefined ? {} : { action }) }].slice(-3);
  if (action === undefined) setTimeout(() => dismiss(id), 10_000);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <div class="toast" key={one.id}>
          <span>{one.text}</span>
          {one.action !== undefined && (
            <button type="button" onClick={one.action.act}>
              {one.action.label}
            </button>
          )}
          <button type="button" onClick={() => dismiss(one.id)}>
            {t('part.close')}
          </button>
        </div>
      ))}
    </div>
  );
}

/** @param value of `of`; undefined: how long is not known */
export function Progress({
  label,
  value,
  of,
  onCancel,
}: {
  readonly label: string;
  readonly value?: number;
  readonly of?: number;
  readonly onCancel?: () => void;
}) {
  const id = useId();
  return (
    <div class="progress">
      <label for={id}>{label}</label>
      <progress id={id} {...(value === undefined ? {} : { value })} max={of ?? 1} />
      {onCancel !== undefined && (
        <div>
          <Button kind="secondary" small onClick={onCancel}>
            {t('part.cancel')}
          </Button>
        </div>
      )}
    </div>
  );
}

export function Loading() {
  return (
    <p class="quiet" role="status">
      {t('part.loading')}
    </p>
  );
}
