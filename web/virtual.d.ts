/** Modules that the build makes; see build/. */
declare module 'virtual:messages/*' {
  const messages: Readonly<Record<string, (params?: Readonly<Record<string, string | number>>) => string>>;
  export default messages;
}
declare module 'virtual:locale/*' {
  const locale: import('./languages/locale.ts').LocaleData;
  export default locale;
}
declare module 'virtual:languages' {
  /** Languages that have a catalogue, with its state, in the project's order. */
  const languages: readonly { readonly code: string; readonly state: 'draft' | 'native-reviewed' | 'official' }[];
  export default languages;
}
declare module 'virtual:han-fonts' {
  const faces: readonly { readonly weight: number; readonly url: string }[];
  export default faces;
}
declare module 'virtual:contracts' {
  const contracts: never;
  export default contracts;
}
declare module '*.css';
declare module 'subset-font' {
  export default function subsetFont(font: Buffer, text: string, options: { targetFormat: 'woff2' }): Promise<Buffer>;
}
declare module 'fontkit' {
  export interface Font {
    hasGlyphForCodePoint(point: number): boolean;
  }
  export function create(file: Buffer): Font;
}
