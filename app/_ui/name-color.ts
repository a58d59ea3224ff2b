/** One hue per person, the same for their avatar and their name in groups. */

/** oklch hues of the eight avatar colours; `--n1` … `--n8` in tokens.css have the same. */
const HUES = [45, 110, 150, 190, 245, 290, 330, 5] as const;

const indexOf = (seed: string): number => {
  let hash = 0;
  for (let i = 0; i < seed.length; i++) hash = (Math.imul(hash, 31) + seed.charCodeAt(i)) >>> 0;
  return hash % HUES.length;
};

/** The avatar's hue for a person or chat. `seed`: an id or name that does not change. */
export function avatarHue(seed: string): number {
  return HUES[indexOf(seed)] ?? HUES[0];
}

/** The CSS colour of the person's name above their messages. Same `seed` as for the avatar. */
export function nameColor(seed: string): string {
  return `var(--n${indexOf(seed) + 1})`;
}

/** The first letter as a person sees it (a whole grapheme), in capitals; "?" for an empty name. */
export function initialOf(name: string): string {
  const first = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(name.trim())[Symbol.iterator]().next();
  return first.done ? "?" : first.value.segment.toLocaleUpperCase();
}
