import { useEffect, useState } from 'preact/hooks';

/** A QR code as one path: sharp at every size, dark on light in every scheme. Error correction M, a quiet zone of four. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const [code, setCode] = useState<{ readonly size: number; readonly path: string } | null>(null);
  useEffect(() => {
    let current = true;
    // Loaded where a code is shown, and only there.
    void import('uqr').then(({ encode }) => {
      const { size, data } = encode(text, { ecc: 'M', border: 4 });
      const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
      if (current) setCode({ size, path });
    });
    return () => {
      current = false;
    };
  }, [text]);
  if (code === null) return null;
  return (
    <svg class="qr" viewBox={`0 0 ${code.size} ${code.size}`} role="img" shape-rendering="crispEdges">
      <title>{label}</title>
      <rect class="qr-light" width={code.size} height={code.size} />
      <path class="qr-dark" d={code.path} />
    </svg>
  );
}
