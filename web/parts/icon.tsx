/** Marks as inline paths: no font has them all. */
const PATHS = {
  check: 'M3 9l4 4 8-9',
  cross: 'M4 4l10 10M14 4L4 14',
  circle: 'M9 3a6 6 0 1 0 .01 0',
  half: 'M9 3a6 6 0 1 0 .01 0M9 3v12a6 6 0 0 0 0-12',
  square: 'M4 4h10v10H4z',
  question: 'M6.5 6.5a2.5 2.5 0 1 1 3.6 2.2C9.3 9.2 9 9.7 9 11M9 13.8v.4',
  exclamation: 'M9 3v8M9 14v.5',
  arrow: 'M3 9h11M10 5l4 4-4 4',
  back: 'M15 9H4M8 5L4 9l4 4',
  eye: 'M2 9s3-5 7-5 7 5 7 5-3 5-7 5-7-5-7-5zM9 7a2 2 0 1 0 .01 0',
  clock: 'M9 3a6 6 0 1 0 .01 0M9 5.5V9l2.5 2',
  globe: 'M9 3a6 6 0 1 0 .01 0M3 9h12M9 3c2 2 2.6 4 2.6 6S11 13 9 15c-2-2-2.6-4-2.6-6S7 5 9 3',
  person: 'M9 3a2.7 2.7 0 1 0 .01 0M4 15c.5-3 2.4-4.3 5-4.3s4.5 1.300 5 4.3',
  lock: 'M5 8h8v7H5zM6.500 8V6a2.500 2.500 0 0 1 5 0v2',
  print: 'M5 7V3h8v4M5 12H3V7h12v5h-2M5 10h8v5H5z',
  file: 'M5 2.500h5l3 3V15.500H5zM10 2.500v3h3',
  wave: 'M2 9c2-4 4-4 5 0s3 4 5 0 3-4 4 0',
} as const;
export type IconName = keyof typeof PATHS;

/** Beside a word that says the same: it is hidden from those who listen. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 18 18"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
