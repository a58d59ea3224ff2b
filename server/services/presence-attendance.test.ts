import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { UserId } from "../contract/ids";
import { createManualClock, type ManualClock } from "../testing/manual-clock";
import { type Attendance, createAttendance } from "./presence-attendance";

const GRACE_MS = 15_000;
const [alice, bob] = ["alice", "bob"] as UserId[] as [UserId, UserId];

let clock: ManualClock;
let attendance: Attendance;
let told: string[];
beforeEach(() => {
  clock = createManualClock();
  told = [];
  attendance = createAttendance({
    graceMs: GRACE_MS,
    now: clock.now,
    setTimer: clock.setTimer,
    came: (userId) => void told.push(`${userId} came`),
    left: (userId, leftAtMs) => void told.push(`${userId} left at ${leftAtMs}`),
  });
});

describe("who is here", () => {
  test("comes with the first socket and leaves once the grace has passed, dated when the last one went", () => {
    attendance.present(alice);
    clock.advance(60_000);
    attendance.absent(alice);
    clock.advance(GRACE_MS - 1);
    expect(told).toEqual(["alice came"]);
    expect(attendance.accounts()).toEqual([alice]);
    clock.advance(1);
    expect(told).toEqual(["alice came", "alice left at 60000"]);
    expect(attendance.accounts()).toEqual([]);
  });

  test("is unchanged by a socket that comes back within the grace, and the grace begins anew with the next loss", () => {
    attendance.present(alice);
    attendance.absent(alice);
    clock.advance(GRACE_MS - 1);
    attendance.present(alice);
    clock.advance(GRACE_MS);
    expect(told).toEqual(["alice came"]);
    attendance.absent(alice);
    clock.advance(GRACE_MS - 1);
    expect(told).toHaveLength(1);
    clock.advance(1);
    expect(told).toEqual(["alice came", `alice left at ${2 * GRACE_MS - 1}`]);
  });

  test("leaves in turn, each after a grace of its own", () => {
    for (const one of [alice, bob]) attendance.present(one);
    attendance.absent(bob);
    clock.advance(5_000);
    attendance.absent(alice);
    clock.advance(10_000);
    expect(told.slice(2)).toEqual(["bob left at 0"]);
    clock.advance(5_000);
    expect(told.slice(2)).toEqual(["bob left at 0", "alice left at 5000"]);
  });

  test("tells nothing more once stopped", () => {
    attendance.present(alice);
    attendance.absent(alice);
    attendance.stop();
    clock.advance(GRACE_MS * 2);
    expect(told).toEqual(["alice came"]);
  });
});

test("whatever comes and goes, everyone who came and did not leave has a socket or lost it less than a grace ago", () => {
  const people = ["a", "b", "c"] as UserId[];
  const step = fc.record({ who: fc.constantFrom(...people), does: fc.constantFrom("present", "absent"), afterMs: fc.nat(9_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const time = createManualClock();
      const counted = new Set<UserId>();
      const sockets = new Map<UserId, { has: boolean; sinceMs: number }>();
      const one = createAttendance({
        graceMs: GRACE_MS,
        now: time.now,
        setTimer: time.setTimer,
        came: (userId) => {
          expect(counted.has(userId)).toBe(false);
          counted.add(userId);
        },
        left: (userId, leftAtMs) => {
          expect(sockets.get(userId)).toEqual({ has: false, sinceMs: leftAtMs });
          expect(counted.delete(userId)).toBe(true);
        },
      });
      for (const { who, does, afterMs } of steps) {
        time.advance(afterMs);
        const has = does === "present";
        one[has ? "present" : "absent"](who);
        if ((sockets.get(who)?.has ?? false) !== has) sockets.set(who, { has, sinceMs: time.now() });
        const expected = [...sockets].filter(([, seen]) => seen.has || time.now() - seen.sinceMs < GRACE_MS).map(([userId]) => userId);
        expect([...counted].sort()).toEqual(expected.sort());
        expect(one.accounts().sort()).toEqual(expected.sort());
      }
    }),
  );
});
