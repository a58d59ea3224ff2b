/** Moving through the log by keyboard: the log is one tab stop, its messages are reached with the arrow keys. */

const PAGE = 10;

/**
 * Takes the key, the place of the focused message (-1: the log itself) and how many there are. Returns the place to go to; -1 if the
 * key is not one of these or there is nothing to go to; "older" if it goes beyond the first one.
 */
export function nextPlace(key: string, place: number, count: number): number | "older" {
  if (count === 0) return -1;
  const last = count - 1;
  switch (key) {
    case "Home":
      return 0;
    case "End":
      return last;
    case "ArrowUp":
    case "PageUp":
      if (place < 0) return last;
      return place === 0 ? "older" : Math.max(0, place - (key === "PageUp" ? PAGE : 1));
    case "ArrowDown":
    case "PageDown":
      if (place < 0) return last;
      return Math.min(last, place + (key === "PageDown" ? PAGE : 1));
    default:
      return -1;
  }
}
