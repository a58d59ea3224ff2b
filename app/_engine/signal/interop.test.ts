/** The shared session code against two other implementations, through the suite that speaks Signal's version 3. */
import { describe, expect, it } from "vitest";
import { testRuns } from "@/server/testing/test-runs";
import { seededRandom } from "./testing/device";
import { createLibsignalPeer } from "./testing/libsignal-peer";
import { createPrivacyresearchPeer } from "./testing/privacyresearch-peer";
import { PREKEY_MESSAGE, WHISPER_MESSAGE } from "./testing/x3dh";
import { createX3dhPair, type X3dhPair } from "./testing/x3dh-conversation";

const peers = [
  ["Signal's library", createLibsignalPeer],
  ["@privacyresearch's library", createPrivacyresearchPeer],
] as const;

/** Numbers below a limit that follow from a seed. */
function createDice(seed: string) {
  const random = seededRandom(seed);
  return (limit: number) => new DataView(random(4).slice().buffer).getUint32(0) % limit;
}

/** A message on its way, and what opens it. */
type Sent = { readonly text: string; readonly message: Uint8Array; readonly toUs: boolean };

async function sendSome({ ours, peer }: X3dhPair, toUs: boolean, label: string, count: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let n = 0; n < count; n++) {
    const text = `${label}.${n}`;
    sent.push({ text, toUs, message: toUs ? await peer.encrypt(text) : ours.encrypt(text) });
  }
  return sent;
}

async function open({ ours, peer }: X3dhPair, { message, toUs }: Sent): Promise<string> {
  return toUs ? ours.decrypt(message) : peer.decrypt(message);
}

function shuffle<Value>(values: readonly Value[], dice: (limit: number) => number): Value[] {
  const rest = [...values];
  return values.map(() => rest.splice(dice(rest.length), 1)[0] as Value);
}

/** Turns of both sides, one after the other. Of each burst some messages are on time, in any order, some late by up to two turns, some
 *  lost; some of those on time come a second time. Everything that comes opens once. Returns how many opened. */
async function talk(pair: X3dhPair, turns: number, dice: (limit: number) => number): Promise<number> {
  const late: { due: number; sent: Sent }[] = [];
  let opened = 0;
  const expectToOpen = async (sent: Sent) => {
    expect(await open(pair, sent)).toBe(sent.text);
    opened++;
  };
  for (let turn = 0; turn < turns; turn++) {
    for (const toUs of [false, true]) {
      const [first, ...more] = shuffle(await sendSome(pair, toUs, `${toUs ? "theirs" : "ours"} ${turn}`, 1 + dice(5)), dice);
      // The first keeps the ratchet turning.
      await expectToOpen(first as Sent);
      for (const sent of more) {
        const fate = dice(4);
        if (fate === 0) continue;
        if (fate === 1) late.push({ due: turn + 1 + dice(2), sent });
        else await expectToOpen(sent);
        if (fate === 2) await expectDuplicate(pair, sent);
      }
    }
    const due = late.filter((one) => one.due <= turn);
    for (const one of shuffle(due, dice)) await expectToOpen(late.splice(late.indexOf(one), 1)[0]?.sent as Sent);
  }
  return opened;
}

async function expectDuplicate(pair: X3dhPair, sent: Sent): Promise<void> {
  if (sent.toUs) expect(await open(pair, sent)).toBe("<duplicate>");
  else await expect(open(pair, sent)).rejects.toThrow();
}

describe.each(peers)("%s", (_name, createPeer) => {
  describe.each([true, false])("with a one-time prekey: %s", (withOneTime) => {
    it("accepts a session that we start, and answers", async () => {
      const { ours, peer } = await createX3dhPair("alice", createPeer);
      ours.start({ withOneTime });
      const first = ours.encrypt("hello");
      expect(first[0]).toBe(PREKEY_MESSAGE);
      expect(await peer.decrypt(first)).toBe("hello");
      expect(await peer.decrypt(ours.encrypt("again"))).toBe("again");
      const answer = await peer.encrypt("hello yourself");
      expect(answer[0]).toBe(WHISPER_MESSAGE);
      expect(ours.decrypt(answer)).toBe("hello yourself");
      const later = ours.encrypt("acknowledged");
      expect(later[0]).toBe(WHISPER_MESSAGE);
      expect(await peer.decrypt(later)).toBe("acknowledged");
    });

    it("starts a session that we accept, in any order, and answer", async () => {
      const { device, ours, peer } = await createX3dhPair("bob", createPeer, withOneTime ? 1 : 0);
      await peer.start();
      const [first, second] = [await peer.encrypt("one"), await peer.encrypt("two")];
      expect([first[0], second[0]]).toEqual([PREKEY_MESSAGE, PREKEY_MESSAGE]);
      expect(ours.decrypt(second)).toBe("two");
      expect(ours.decrypt(first)).toBe("one");
      expect(ours.decrypt(first)).toBe("<duplicate>");
      expect(device.store.oneTime.size).toBe(0);
      expect(await peer.decrypt(ours.encrypt("three"))).toBe("three");
      const fourth = await peer.encrypt("four");
      expect(fourth[0]).toBe(WHISPER_MESSAGE);
      expect(ours.decrypt(fourth)).toBe("four");
    });
  });

  it.each(["we start", "it starts"])("talks with us over many turns, through loss, delay, reordering and repetition (%s)", async (who) => {
    const pair = await createX3dhPair("carol", createPeer);
    if (who === "we start") pair.ours.start();
    else {
      await pair.peer.start();
      expect(pair.ours.decrypt(await pair.peer.encrypt("first"))).toBe("first");
    }
    expect(await talk(pair, Math.ceil(10 * testRuns()), createDice(`many turns, ${who}`))).toBeGreaterThan(30);
  });

  it("opens a message that comes after 100 that are lost, in both directions", async () => {
    const pair = await createX3dhPair("dora", createPeer);
    pair.ours.start();
    for (const toUs of [false, true]) {
      const sent = await sendSome(pair, toUs, "burst", 101);
      expect(await open(pair, sent[100] as Sent)).toBe("burst.100");
      expect(await open(pair, sent[17] as Sent)).toBe("burst.17");
    }
  });

  it("sends UTF-8 of any length as we do", async () => {
    const { ours, peer } = await createX3dhPair("emil", createPeer);
    ours.start();
    for (const text of ["", "x", "15 bytes of text", "Grüße, 你好, 👋🏽", "long ".repeat(2_000)]) {
      expect(await peer.decrypt(ours.encrypt(text))).toBe(text);
      expect(ours.decrypt(await peer.encrypt(text))).toBe(text);
    }
  });

  it("gets a refusal for a changed byte of the message inside, and its session goes on", async () => {
    const { ours, peer } = await createX3dhPair("erin", createPeer);
    ours.start();
    await peer.decrypt(ours.encrypt("hello"));
    const message = await peer.encrypt("an answer");
    const changed = message.slice();
    changed[message.length - 12] = (changed[message.length - 12] as number) ^ 1;
    expect(ours.decrypt(changed)).toBe("<bad_mac>");
    expect(ours.decrypt(message)).toBe("an answer");
    const ourMessage = ours.encrypt("more");
    const ourChanged = ourMessage.slice();
    ourChanged[ourMessage.length - 12] = (ourChanged[ourMessage.length - 12] as number) ^ 1;
    await expect(peer.decrypt(ourChanged)).rejects.toThrow();
    expect(await peer.decrypt(ourMessage)).toBe("more");
  });
});

describe("when both sides start at once", () => {
  const seeds = Array.from({ length: Math.ceil(3 * testRuns()) }, (_, seed) => seed);

  it.each(seeds)("converges with Signal's library without a lost message, in whatever order they come (%s)", async (seed) => {
    const dice = createDice(`both start ${seed}`);
    const pair = await createX3dhPair("dave", createLibsignalPeer);
    pair.ours.start();
    await pair.peer.start();
    const crossing = [...(await sendSome(pair, false, "mine", 1 + dice(4))), ...(await sendSome(pair, true, "yours", 1 + dice(4)))];
    const arriving = shuffle(crossing, dice);
    // What is left over comes when the conversation has gone on for some turns (five chains back is the limit).
    const behind = arriving.splice(0, dice(arriving.length - 1));
    for (const sent of arriving) expect(await open(pair, sent)).toBe(sent.text);
    expect(await talk(pair, 3, dice)).toBeGreaterThan(5);
    for (const sent of behind) expect(await open(pair, sent)).toBe(sent.text);
    expect(await talk(pair, 3, dice)).toBeGreaterThan(5);
  });

  it("starts anew with Signal's library over a session that is there, and late messages of the old one open", async () => {
    const pair = await createX3dhPair("frida", createLibsignalPeer);
    pair.ours.start();
    expect(await talk(pair, 3, createDice("before the reset"))).toBeGreaterThan(5);
    const late = [...(await sendSome(pair, false, "mine", 2)), ...(await sendSome(pair, true, "yours", 2))];
    pair.ours.start({ withOneTime: false });
    const [announced] = await sendSome(pair, false, "after the reset", 1);
    expect(announced?.message[0]).toBe(PREKEY_MESSAGE);
    expect(await open(pair, announced as Sent)).toBe("after the reset.0");
    for (const sent of late) expect(await open(pair, sent)).toBe(sent.text);
    expect(await talk(pair, 3, createDice("after the reset"))).toBeGreaterThan(5);
  });
});
