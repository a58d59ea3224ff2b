/** Ending all sockets so that their clients don't come back in one wave. */
import type { WebSocketServer } from "ws";
import { CLOSINGS, type Closing } from "./closings";
import type { Connection } from "./connection";

/** Runs `run` once after `delayMs`; returns what cancels it. */
export type SetTimer = (run: () => void, delayMs: number) => () => void;

export const setUnrefTimer: SetTimer = (run, delayMs) => {
  const timer = setTimeout(run, delayMs).unref();
  return () => clearTimeout(timer);
};

const STEPS = 20;
/** So few come back at once without harm. */
const MIN_PER_STEP = 100;

type ShutdownDeps = {
  wss: WebSocketServer;
  connections: () => Iterable<Connection>;
  drop: (connection: Connection, closing: Closing) => void;
  setTimer: SetTimer;
  spreadMs: number;
};

export async function closeStaggered({ wss, connections, drop, setTimer, spreadMs }: ShutdownDeps): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    wss.close(() => resolve());
  });
  const open = [...connections()];
  const perStep = Math.max(MIN_PER_STEP, Math.ceil(open.length / STEPS));
  for (let at = 0; at < open.length; at += perStep) {
    if (at > 0) await new Promise<void>((resolve) => setTimer(resolve, spreadMs / STEPS));
    for (const connection of open.slice(at, at + perStep)) drop(connection, CLOSINGS.stopping);
  }
  await closed;
}
