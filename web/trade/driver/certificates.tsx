import { useEffect, useRef, useState } from 'preact/hooks';
import type { DriverView } from '../../../trade/driver-contract.ts';
import { formatDay, nameIn, t } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { QrCode } from '../../parts/qr-code.tsx';
import { Status } from '../../parts/status.tsx';
import { word } from '../words.ts';

type Certificate = DriverView['certificates'][number];

/** The certificates aboard; each is shown full screen to an officer. */
export function Certificates({ certificates }: { readonly certificates: readonly Certificate[] }) {
  const [shown, setShown] = useState<Certificate | undefined>();
  if (certificates.length === 0) return null;
  return (
    <>
      <h2>{t('driver.certificates')}</h2>
      <ul class="papers">
        {certificates.map((one) => (
          <li key={one.certificate}>
            <button type="button" class="button secondary" onClick={() => setShown(one)}>
              <span>
                {word('certificate', one.kind)} <strong>{one.number}</strong>
              </span>
              <Status state={one.state} />
            </button>
          </li>
        ))}
      </ul>
      {shown !== undefined && <FullScreen certificate={shown} close={() => setShown(undefined)} />}
    </>
  );
}

function FullScreen({ certificate, close }: { readonly certificate: Certificate; readonly close: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  const { kind, number, authorityName, validUntil, state, code } = certificate;
  return (
    <dialog class="full" ref={box} aria-labelledby="full-title" onClose={close}>
      <h2 id="full-title">{word('certificate', kind)}</h2>
      <p class="number">{number}</p>
      {code === null ? <p>{t('driver.noCode')}</p> : <QrCode text={code} label={t('driver.code', { number })} />}
      {authorityName !== null && <p>{nameIn(authorityName)}</p>}
      <p>
        <Status state={state} /> {t('driver.validUntil', { day: formatDay(validUntil) })}
      </p>
      <Button onClick={() => box.current?.close()}>{t('part.close')}</Button>
    </dialog>
  );
}
