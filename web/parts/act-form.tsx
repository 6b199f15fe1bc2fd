import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ApiProblem, type Finding, newIdempotencyKey } from '../api.ts';
import { useDraft } from '../draft.ts';
import { t } from '../languages/index.ts';
import { Button } from './button.tsx';
import { Dialog, ErrorSummary, toast } from './say.tsx';

/**
 * A button that opens a form in a dialog, keeps what is typed until it is done, and does it once: the key of the act stays the same over
 * lost answers and reloads.
 */
export function ActForm<Values extends object>({
  draftKey,
  initial,
  open: label,
  title,
  submit,
  done,
  act,
  onDone,
  danger = false,
  children,
}: {
  readonly draftKey: string;
  readonly initial: Values;
  readonly open: string;
  readonly title: string;
  readonly submit: string;
  /** Said when it is done. */
  readonly done: string;
  readonly act: (values: Values, idempotencyKey: string) => Promise<unknown>;
  readonly onDone: () => void;
  readonly danger?: boolean;
  readonly children: (
    values: Values,
    set: (part: Partial<Values>) => void,
    findings: readonly Finding[],
  ) => ComponentChildren;
}) {
  const [isOpen, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const draft = useDraft<{ readonly values: Values; readonly key: string }>(draftKey, { values: initial, key: '' });
  const set = (part: Partial<Values>): void =>
    draft.set({
      values: { ...draft.value.values, ...part },
      key: draft.value.key === '' ? newIdempotencyKey() : draft.value.key,
    });
  const run = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    setFindings([]);
    const key = draft.value.key === '' ? newIdempotencyKey() : draft.value.key;
    draft.set({ ...draft.value, key });
    try {
      await act(draft.value.values, key);
      // The next act of the same kind is another one: nothing typed, and a key of its own.
      await draft.restart();
      setOpen(false);
      toast(done);
      onDone();
    } catch (error) {
      const found = error instanceof ApiProblem ? error.findings : [];
      setFindings(found);
      setProblem(found.length === 0 ? error : undefined);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button kind={danger ? 'danger' : 'secondary'} onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Dialog title={title} open={isOpen} onClose={() => setOpen(false)}>
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (!busy) void run();
          }}
        >
          {(findings.length > 0 || problem !== undefined) && (
            <ErrorSummary findings={findings} {...(problem === undefined ? {} : { problem })} />
          )}
          {draft.ready && children(draft.value.values, set, findings)}
          <div class="row">
            <Button type="submit" kind={danger ? 'danger' : 'primary'} busy={busy}>
              {submit}
            </Button>
            <Button kind="secondary" onClick={() => setOpen(false)}>
              {t('part.cancel')}
            </Button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
