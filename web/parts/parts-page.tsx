import { useState } from 'preact/hooks';
import { t, tMaybe } from '../languages/index.ts';
import { Button, LinkButton } from './button.tsx';
import { CheckField, ChooseFile, DayField, RadioField, SelectField, TextField } from './field.tsx';
import { Copy, Pager, Steps } from './more.tsx';
import { Page } from './page.tsx';
import { Dialog, Empty, ErrorSummary, Loading, Notice, Progress, toast } from './say.tsx';
import { Status } from './status.tsx';
import { Table } from './table.tsx';
import { Timeline } from './timeline.tsx';

const STATES = [
  'filed',
  'under-way',
  'expected',
  'arrived',
  'held',
  'queried',
  'answered',
  'inspecting',
  'released',
  'passed',
  'refused',
  'conflicting',
  'contradictory',
  'withdrawn',
  'in-force',
  'revoked',
  'sequenced',
  'published',
  'final',
  'missing',
  'complete',
];

/** Every part of the interface with its states: to look at, and to test. */
export function PartsPage() {
  const [text, setText] = useState('');
  const [choice, setChoice] = useState('');
  const [open, setOpen] = useState(false);
  const [checked, setChecked] = useState(false);
  const rows = STATES.slice(0, 3).map((state, i) => ({ state, number: String((i + 1) * 1234) }));
  return (
    <Page title={t('parts.title')} lead={t('parts.lead')}>
      <h2>{t('parts.states')}</h2>
      <p class="row">
        {STATES.map((state) => (
          <Status key={state} state={state} />
        ))}
      </p>
      <h2>{t('parts.buttons')}</h2>
      <p class="row">
        <Button onClick={() => toast(t('part.copied'))}>{t('part.continue')}</Button>
        <Button kind="secondary">{t('part.back')}</Button>
        <Button kind="danger">{t('part.delete')}</Button>
        <Button kind="quiet">{t('part.cancel')}</Button>
        <Button small>{t('part.save')}</Button>
        <Button busy>{t('part.save')}</Button>
        <Button disabled>{t('part.save')}</Button>
        <LinkButton kind="secondary" to="#fields">
          {t('parts.fields')}
        </LinkButton>
      </p>
      <h2 id="fields">{t('parts.fields')}</h2>
      <ErrorSummary
        findings={[{ path: '/text', code: 'form-wrong', message: t('parts.wrong') }]}
        fieldId={() => 'wrong-field'}
      />
      <TextField label={t('parts.field')} hint={t('parts.hint')} value={text} onChange={setText} />
      <TextField id="wrong-field" label={t('parts.field')} problem={t('parts.wrong')} value={text} onChange={setText} />
      <TextField label={t('parts.field')} optional rows={3} value={text} onChange={setText} />
      <SelectField
        label={t('parts.choice')}
        empty={t('part.unknown')}
        value={choice}
        onChange={setChoice}
        options={STATES.slice(0, 4).map((value) => ({ value, label: tMaybe(`status.${value}`) ?? value }))}
      />
      <ChooseFile label={t('parts.field')} hint={t('parts.hint')} onFile={() => undefined} />
      <DayField label={t('parts.day')} value="" onChange={() => undefined} />
      <RadioField
        legend={t('parts.choice')}
        value={choice}
        onChange={setChoice}
        options={STATES.slice(0, 2).map((value) => ({ value, label: tMaybe(`status.${value}`) ?? value }))}
      />
      <CheckField label={t('part.confirm')} checked={checked} onChange={setChecked} />
      <h2>{t('parts.table')}</h2>
      <Table
        caption={t('parts.table')}
        rows={rows}
        rowKey={(row) => row.state}
        columns={[
          { key: 'state', head: t('parts.states'), rowHead: true, cell: (row) => <Status state={row.state} /> },
          { key: 'number', head: t('parts.number'), number: true, cell: (row) => row.number },
        ]}
      />
      <Pager first={false} next="x" onFirst={() => undefined} onNext={() => undefined} />
      <h2>{t('parts.timeline')}</h2>
      <Timeline
        label={t('parts.timeline')}
        entries={['passed', 'arrived', 'held', 'expected']}
        entryKey={(state) => state}
        state={(state) => state}
        title={(state) => <Status state={state} />}
      >
        {() => <p class="quiet">{t('parts.hint')}</p>}
      </Timeline>
      <h2>{t('parts.said')}</h2>
      <Notice title={t('parts.notice')}>
        <p>{t('parts.hint')}</p>
      </Notice>
      <Notice kind="go">
        <p>{t('parts.hint')}</p>
      </Notice>
      <Notice kind="wait">
        <p>{t('parts.hint')}</p>
      </Notice>
      <Notice kind="stop">
        <p>{t('parts.wrong')}</p>
      </Notice>
      <Empty title={t('parts.empty')}>
        <p>{t('parts.hint')}</p>
      </Empty>
      <Loading />
      <Progress label={t('part.working')} value={2} of={5} onCancel={() => undefined} />
      <Steps label={t('parts.steps')} steps={[t('part.back'), t('part.save'), t('part.continue')]} current={1} />
      <Copy text="0198-…" />
      <p>
        <Button kind="secondary" onClick={() => setOpen(true)}>
          {t('parts.dialog')}
        </Button>
      </p>
      <Dialog title={t('parts.dialog')} open={open} onClose={() => setOpen(false)}>
        <p>{t('parts.hint')}</p>
        <Button onClick={() => setOpen(false)}>{t('part.close')}</Button>
      </Dialog>
    </Page>
  );
}
