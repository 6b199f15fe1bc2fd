import type { FileReference } from '../../../trade/section.ts';
import { api } from '../../api.ts';
import { t } from '../../languages/index.ts';
import { ActForm } from '../../parts/act-form.tsx';
import { TextField } from '../../parts/field.tsx';
import { FileField } from '../filing/documents-step.tsx';

/** What an operator does with its dossier beside filing and amending. */

interface Act {
  readonly dossier: string;
  readonly decision: string;
  readonly done: () => void;
}

export function AnswerForm({ dossier, decision, done }: Act) {
  return (
    <ActForm
      draftKey={`answer/${decision}`}
      initial={{ text: '', file: null as FileReference | null }}
      open={t('operator.toAnswer')}
      title={t('operator.answerTitle')}
      submit={t('operator.send')}
      done={t('operator.answered')}
      onDone={done}
      act={({ text, file }, idempotencyKey) =>
        api.trade.answer(
          { dossier, decision, text: text.trim(), files: file === null ? [] : [file] },
          { context: { idempotencyKey } },
        )
      }
    >
      {({ text, file }, set) => (
        <>
          <TextField
            label={t('operator.answer')}
            rows={4}
            value={text}
            maxLength={2000}
            required
            onChange={(value) => set({ text: value })}
          />
          <FileField id={`file-${decision.slice(0, 8)}`} file={file} onChange={(value) => set({ file: value })} />
        </>
      )}
    </ActForm>
  );
}

export function AppealForm({ dossier, decision, done }: Act) {
  return (
    <ActForm
      draftKey={`appeal/${decision}`}
      initial={{ grounds: '' }}
      open={t('operator.toAppeal')}
      title={t('operator.appealTitle')}
      submit={t('operator.send')}
      done={t('operator.appealSent')}
      onDone={done}
      act={({ grounds }, idempotencyKey) =>
        api.trade.appeal({ dossier, decision, grounds: grounds.trim() }, { context: { idempotencyKey } })
      }
    >
      {({ grounds }, set) => (
        <TextField
          label={t('operator.grounds')}
          rows={4}
          value={grounds}
          maxLength={2000}
          required
          onChange={(value) => set({ grounds: value })}
        />
      )}
    </ActForm>
  );
}

/** Final: it asks for a reason and says what follows. */
export function WithdrawForm({ dossier, done }: Omit<Act, 'decision'>) {
  return (
    <ActForm
      danger
      draftKey={`withdrawal/${dossier}`}
      initial={{ reason: '' }}
      open={t('operator.withdraw')}
      title={t('operator.withdrawTitle')}
      submit={t('operator.withdraw')}
      done={t('operator.withdrawn')}
      onDone={done}
      act={({ reason }, idempotencyKey) =>
        api.trade.withdrawDossier({ dossier, reason: reason.trim() }, { context: { idempotencyKey } })
      }
    >
      {({ reason }, set) => (
        <>
          <p>{t('operator.withdrawText')}</p>
          <TextField
            label={t('filing.reason')}
            rows={2}
            value={reason}
            maxLength={500}
            required
            onChange={(value) => set({ reason: value })}
          />
        </>
      )}
    </ActForm>
  );
}
