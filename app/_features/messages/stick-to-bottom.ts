/** Whether the log follows new messages, and how far to move it so that what is being read stays where it is. */

/** As near to the end as this, the log follows new messages. */
export const STICK_PX = 40;

export type ScrollBox = { scrollTop: number };

/** Takes the log's measures; returns how many pixels lie below what is seen. The log scrolls from its end: `scrollTop` is 0 there and negative above. */
function distanceFromEnd({ scrollTop }: ScrollBox): number {
  return Math.abs(scrollTop);
}

/** Takes the log's measures; returns whether it is near enough to its end to follow new messages. */
export function isStuck(box: ScrollBox): boolean {
  return distanceFromEnd(box) <= STICK_PX;
}

/** A row and its place, measured so that scrolling does not change it: top edge in the box plus `scrollTop`. */
export type Anchor = { key: string; offset: number };

/** Takes an anchor and its present offset; returns by how much `scrollTop` has to change. Under half a pixel nothing is done. */
export function anchorCorrection(anchor: Anchor, offsetNow: number): number {
  const delta = offsetNow - anchor.offset;
  return Math.abs(delta) < 0.5 ? 0 : delta;
}
