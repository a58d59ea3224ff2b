/** Frames that are written to a socket in one turn of the event loop leave together: of what a small frame costs, most is the system call. */
import type { Duplex } from "node:stream";

/** What may wait for the end of the turn; more is handed on at once, so that only what the client leaves unread piles up. */
const MOST_WAITING_BYTES = 16_384;

/** Returns what writes a frame. */
export function createCoalescing(): (transport: Duplex, frame: Buffer) => void {
  let corked: Duplex[] = [];
  function flush(): void {
    const waiting = corked;
    corked = [];
    for (const transport of waiting) transport.uncork();
  }
  return (transport, frame) => {
    if (transport.writableCorked === 0) {
      transport.cork();
      // NOTE: immediates run after all that has arrived is read, so that the answers to several requests share a call too.
      if (corked.push(transport) === 1) setImmediate(flush);
    }
    transport.write(frame);
    if (transport.writableLength > MOST_WAITING_BYTES) transport.uncork();
  };
}
