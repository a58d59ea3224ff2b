/** Which accounts have a socket in this process. A socket that comes back within the grace is no change: phones lose their line all the
 *  time. Knows nothing of other processes. */
import type { UserId } from "../contract/ids";
import type { SetTimer } from "../realtime/shutdown";

export type AttendanceDeps = {
  /** How long an account whose last socket went still counts as here. */
  graceMs: number;
  /** Milliseconds. */
  now: () => number;
  setTimer: SetTimer;
  /** The account has a socket here and had none. */
  came: (userId: UserId) => void;
  /** The account has had no socket here since `leftAtMs`, for the whole grace. */
  left: (userId: UserId, leftAtMs: number) => void;
};

export type Attendance = {
  /** The account's first socket here. */
  present(userId: UserId): void;
  /** Its last socket here went. */
  absent(userId: UserId): void;
  /** Those who have come and not left. */
  accounts(): UserId[];
  stop(): void;
};

export function createAttendance({ graceMs, now, setTimer, came, left }: AttendanceDeps): Attendance {
  const here = new Set<UserId>();
  /** Since when, oldest first: the grace is the same for all. */
  const leaving = new Map<UserId, number>();
  let cancel: (() => void) | undefined;

  function waitForOldest(): void {
    const [oldest] = leaving.values();
    cancel = oldest === undefined ? undefined : setTimer(leave, Math.max(0, oldest + graceMs - now()));
  }

  function leave(): void {
    for (const [userId, leftAtMs] of leaving) {
      if (leftAtMs + graceMs > now()) break;
      leaving.delete(userId);
      left(userId, leftAtMs);
    }
    waitForOldest();
  }

  return {
    present(userId) {
      if (here.has(userId)) return;
      here.add(userId);
      if (!leaving.delete(userId)) came(userId);
    },
    absent(userId) {
      if (!here.delete(userId)) return;
      leaving.set(userId, now());
      if (cancel === undefined) waitForOldest();
    },
    accounts: () => [...here, ...leaving.keys()],
    stop: () => cancel?.(),
  };
}
