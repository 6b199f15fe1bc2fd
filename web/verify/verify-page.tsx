import { useEffect, useState } from 'preact/hooks';
import { formatDate, formatSince, nameIn, sortByName, t, tMaybe } from '../languages/index.ts';
import { Button } from '../parts/button.tsx';
import { ChooseFile, TextField } from '../parts/field.tsx';
import { Page } from '../parts/page.tsx';
import { Loading, Notice } from '../parts/say.tsx';
import type { Tone } from '../parts/status.tsx';
import { word } from '../trade/words.ts';
import { Scanner } from './scanner.tsx';
import { forgetRegistry, type Judged, judge, refreshRegistry, storedRegistry } from './verifier.ts';

/** In characters: a longer text is checked as it is pasted, for a browser takes half a minute to lay out megabytes in a field. */
const LONG = 100_000;

/** Anyone checks a certificate: from its evidence file, or from the code on paper. Works without a network after the first visit. */
export function VerifyPage() {
  const [text, setText] = useState('');
  const [judged, setJudged] = useState<Judged | null>(null);
  const [busy, setBusy] = useState(false);
  const [scanning, setScanning] = useState(false);
  const [registry, setRegistry] = useState(storedRegistry());
  const [changed, setChanged] = useState(false);
  useEffect(() => {
    void refreshRegistry().then((result) => {
      setChanged(result === 'changed');
      setRegistry(storedRegistry());
    });
  }, []);
  const check = async (given: string): Promise<void> => {
    setBusy(true);
    setJudged(null);
    // One turn, so that the wait is shown before the work begins.
    await new Promise((resolve) => setTimeout(resolve, 0));
    try {
      setJudged(await judge(given));
    } finally {
      setBusy(false);
    }
  };
  const read = (file: File | undefined): void => {
    if (file !== undefined) void file.text().then(check);
  };
  return (
    <Page title={t('verify.title')} lead={t('verify.lead')}>
      {changed && (
        <Notice kind="stop" title={t('verify.genesisChanged')}>
          <p>{t('verify.genesisChangedText')}</p>
          <Button
            kind="danger"
            onClick={() => {
              if (!confirm(t('verify.genesisSure'))) return;
              forgetRegistry();
              location.reload();
            }}
          >
            {t('verify.genesisTrust')}
          </Button>
        </Notice>
      )}
      <section
        class="card drop"
        aria-label={t('verify.file')}
        onDragOver={(event) => event.preventDefault()}
        onPasteCapture={(event) => {
          const pasted = event.clipboardData?.getData('text') ?? '';
          if (pasted.length <= LONG) return;
          event.preventDefault();
          void check(pasted);
        }}
        onDrop={(event) => {
          event.preventDefault();
          read(event.dataTransfer?.files[0]);
        }}
      >
        <ChooseFile label={t('verify.file')} hint={t('verify.fileHint')} onFile={read} />
        <TextField label={t('verify.paste')} rows={3} value={text} onChange={setText} />
        <div class="row">
          <Button busy={busy} disabled={text.trim() === ''} onClick={() => void check(text)}>
            {t('verify.check')}
          </Button>
          <Button kind="secondary" onClick={() => setScanning(!scanning)}>
            {scanning ? t('verify.scanStop') : t('verify.scan')}
          </Button>
        </div>
        {scanning && (
          <Scanner
            onFound={(found) => {
              setScanning(false);
              setText(found);
              void check(found);
            }}
          />
        )}
      </section>
      <div aria-live="polite" id="answer">
        {busy && <Loading />}
        {judged !== null && <Answer judged={judged} />}
      </div>
      {registry !== null && (
        <p class="quiet small">
          {t('verify.keysAge', { age: formatSince(registry.receivedAt) })} <code>{registry.genesis.slice(0, 16)}…</code>
        </p>
      )}
    </Page>
  );
}

const TONES: Readonly<Record<string, Tone>> = {
  valid: 'go',
  signed: 'wait',
  'not-final': 'wait',
  'status-unknown': 'wait',
  'status-stale': 'wait',
  'not-yet-valid': 'wait',
};

function Answer({ judged }: { readonly judged: Judged }) {
  if (judged.kind === 'refused')
    return (
      <Notice kind="wait" title={t('verify.answerNone')}>
        <p>{word('verify.refused', judged.reason)}</p>
      </Notice>
    );
  const { registry, verdict } = judged;
  const { answer } = verdict;
  const authority = (id: string): string => {
    const found = registry.findAuthority(id);
    return found === undefined ? id : nameIn(found.name);
  };
  const member = (code: string): string => {
    const found = registry.findMember(code);
    return found === undefined ? code : nameIn(found.name);
  };
  const title = tMaybe(`verify.answer.${judged.kind === 'code' ? 'code.' : ''}${answer}`) ?? answer;
  if (judged.kind === 'code') {
    const { code } = judged.verdict;
    return (
      <Notice
        kind={TONES[answer] ?? 'stop'}
        title={
          answer === 'signed' && code !== undefined
            ? t('verify.signedBy', { authority: authority(code.authority) })
            : title
        }
      >
        {code?.demo === true && <p>{t('verify.demo')}</p>}
        {answer === 'signed' && <p>{t('verify.codeOnly')}</p>}
        {code !== undefined && answer !== 'untrusted' && (
          <dl class="facts">
            <dt>{t('operator.kind')}</dt>
            <dd>{word('certificate', code.kind)}</dd>
            <dt>{t('filing.documentNumber')}</dt>
            <dd>{code.number ?? t('verify.numberLong')}</dd>
            <dt>{t('operator.validity')}</dt>
            <dd>
              {formatDate(code.validFrom)} – {formatDate(code.validUntil)}
            </dd>
            <dt>{t('operator.commitment')}</dt>
            <dd>
              <code>{code.commitment}</code>
            </dd>
          </dl>
        )}
        <Clock />
      </Notice>
    );
  }
  const { record, time, cosigners, status, timeDiffers, unchecked, registry: used } = judged.verdict;
  const body = record?.body as
    | {
        number?: string;
        kind?: string;
        consignor?: string;
        goods?: { hs: string; description: string }[];
        validUntil?: string;
      }
    | undefined;
  return (
    <Notice kind={TONES[answer] ?? 'stop'} title={title}>
      <p>{tMaybe(`verify.why.${judged.verdict.reason}`) ?? <span lang="en">{judged.verdict.message}</span>}</p>
      {record !== undefined && registry.isDemo(record.log) && <p>{t('verify.demo')}</p>}
      {record !== undefined && (
        <dl class="facts">
          <dt>{t('operator.issuedBy')}</dt>
          <dd>
            {record.issuer.authority === undefined ? member(record.issuer.member) : authority(record.issuer.authority)},{' '}
            {member(record.issuer.member)}
          </dd>
          <dt>{t('operator.kind')}</dt>
          <dd>
            {word('record', record.type)} {body?.kind === undefined ? '' : word('certificate', body.kind)}{' '}
            {body?.number}
          </dd>
          {body?.goods !== undefined && (
            <>
              <dt>{t('operator.goods')}</dt>
              <dd>{body.goods.map((one) => `${one.hs} ${one.description}`).join('; ')}</dd>
            </>
          )}
          {body?.validUntil !== undefined && (
            <>
              <dt>{t('officer.validUntil')}</dt>
              <dd>{formatDate(body.validUntil)}</dd>
            </>
          )}
          {time !== undefined && (
            <>
              <dt>{t('verify.time')}</dt>
              <dd>
                {formatDate(time)}{' '}
                {timeDiffers && <strong>{t('verify.timeDiffers', { time: formatDate(record.at) })}</strong>}
              </dd>
            </>
          )}
          <dt>{t('trust.cosigned')}</dt>
          <dd>{sortByName(cosigners.map(member), (one) => one).join(', ') || '–'}</dd>
          {used !== undefined && (
            <>
              <dt>{t('trust.registry')}</dt>
              <dd>{t('verify.registryAge', { version: used.version, age: formatSince(used.publishedAt) })}</dd>
            </>
          )}
          {(status !== undefined || judged.verdict.reason === 'status-list-missing') && (
            <>
              <dt>{t('verify.revocations')}</dt>
              <dd>
                {status === undefined
                  ? t('verify.noList')
                  : t('verify.listAge', { age: formatSince(status.asOf), until: formatDate(status.validUntil) })}
              </dd>
            </>
          )}
          {unchecked.length > 0 && (
            <>
              <dt>{t('verify.unchecked')}</dt>
              <dd>{unchecked.join(', ')}</dd>
            </>
          )}
        </dl>
      )}
      <Clock />
    </Notice>
  );
}

/** A verdict by a wrong clock is a wrong verdict: what this device takes for now is said, and doubted where the keys say otherwise. */
function Clock() {
  const known = storedRegistry();
  const suspect = known !== null && Date.parse(known.receivedAt) > Date.now() + 3_600_000;
  return (
    <p class="quiet small">
      {t('verify.clock', { time: formatDate(new Date()) })} {suspect && <strong>{t('verify.clockSuspect')}</strong>}
    </p>
  );
}
