import faces from 'virtual:han-fonts';

/** The interface's Chinese characters in one small file a weight; all others, as goods may hold them, slice by slice when met. */
export function loadHanFonts(): void {
  for (const { weight, url } of faces)
    document.fonts.add(
      new FontFace('Dostyk Han', `url(${url})`, {
        weight: String(weight),
        display: 'swap',
        unicodeRange: 'U+3000-303F,U+4E00-9FFF,U+FF00-FFEF',
      }),
    );
  const idle = window.requestIdleCallback ?? ((act: () => void) => setTimeout(act, 500));
  idle(
    () => void Promise.all([import('@fontsource/noto-sans-sc/400.css'), import('@fontsource/noto-sans-sc/700.css')]),
  );
}
