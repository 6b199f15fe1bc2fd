import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../languages/index.ts';
import { Notice } from '../parts/say.tsx';

/** The camera, read several times a second; nothing of the picture leaves this device. */
export function Scanner({ onFound }: { readonly onFound: (text: string) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState('');
  const found = useRef(onFound);
  found.current = onFound;
  useEffect(() => {
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const run = async (): Promise<void> => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      } catch (error) {
        setProblem(
          (error as DOMException).name === 'NotAllowedError' ? t('verify.cameraDenied') : t('verify.cameraNone'),
        );
        return;
      }
      // The package is CommonJS and its types say otherwise.
      const jsQR = (await import('jsqr')).default as unknown as (
        data: Uint8ClampedArray,
        width: number,
        height: number,
      ) => { readonly data: string } | null;
      const picture = video.current;
      if (picture === null || ended) return;
      picture.srcObject = stream;
      await picture.play();
      const canvas = document.createElement('canvas');
      const look = (): void => {
        if (ended) return;
        const [width, height] = [picture.videoWidth, picture.videoHeight];
        if (width > 0) {
          canvas.width = width;
          canvas.height = height;
          const context = canvas.getContext('2d', { willReadFrequently: true });
          context?.drawImage(picture, 0, 0);
          const code = context === null ? null : jsQR(context.getImageData(0, 0, width, height).data, width, height);
          if (code !== null && code.data !== '') {
            found.current(code.data);
            return;
          }
        }
        timer = setTimeout(look, 150);
      };
      look();
    };
    void run();
    return () => {
      ended = true;
      clearTimeout(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, []);
  if (problem !== '')
    return (
      <Notice kind="wait">
        <p>{problem}</p>
      </Notice>
    );
  return (
    <div class="scanner">
      <video ref={video} playsInline muted aria-label={t('verify.camera')} />
      <p class="quiet">{t('verify.scanHint')}</p>
    </div>
  );
}
