/** Presence and typing as tabs see them, on a real store; the channels are moved by hand. */
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ChatId, MessageId, type UserId } from "@/server/contract/ids";
import { chatChannel, type Presence, presenceChannel, TYPING_EVENT } from "@/server/contract/presence";
import { createManualClock, type ManualClock } from "@/server/testing/manual-clock";
import type { PresenceView } from "../../door";
import { type ChatRow, EngineDatabase, type MessageRow, writeMeta } from "../../storage/database";
import type { JoinChannel } from "../../transport/realtime";
import "../../testing"; // live queries need its IndexedDB
import type { EngineContext } from "../engine-context";
import { presenceCommands, storePrivacy } from "./presence-commands";
import { createPresenceLeader, type PresenceLeader } from "./presence-leader";
import { createPresenceTab, type PresenceTab } from "./presence-tab";
import { type Broadcast, createTabBus, type TabBus } from "./tab-bus";

const [alice, bob] = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"] as [UserId, UserId];
const [chat, notes] = ["00000000-0000-4000-8000-0000000000c1", "00000000-0000-4000-8000-0000000000c2"] as [ChatId, ChatId];

type Joined = Parameters<JoinChannel>[1] & { said: unknown[] };
let db: EngineDatabase;
let ctx: EngineContext;
let clock: ManualClock;
let answer: Presence;
let asked: UserId[][];
let channels: Map<string, Joined>;
let broadcasts: Broadcast[];
let closings: (() => void)[];

beforeEach(async () => {
  db = new EngineDatabase(`presence-${crypto.randomUUID()}`, { indexedDB: new IDBFactory(), IDBKeyRange });
  [clock, answer, asked, channels, broadcasts, closings] = [createManualClock(), { state: "online" }, [], new Map(), [], []];
  const get = async ({ userIds }: { userIds: UserId[] }) => {
    asked.push(userIds);
    return { people: [answer] };
  };
  const client = { presence: { get: { mutate: get } } };
  const api = { call: (run: (client: never) => Promise<unknown>) => run(client as never) } as unknown as EngineContext["api"];
  ctx = { db, wrapping: {} as never, api, random: () => new Uint8Array(4), fraction: () => 0.5, now: clock.now };
  const state = { pendingRegistration: null, sessionEnded: false, recoveryKeyPending: false, remindAtMs: 0, isAdmin: false };
  await writeMeta(db, "account", { userId: alice, username: "alice", deviceId: alice as never, ...state });
  await storePrivacy(ctx, { sharesPresence: true, sharesTyping: true });
  await putChat(chat, { [alice]: "alice", [bob]: "bob" });
  await putChat(notes, { [alice]: "alice" });
});
afterEach(() => {
  for (const close of closings) close();
  db.close();
});

async function putChat(chatId: ChatId, names: Record<string, string>): Promise<void> {
  const members = Object.entries(names).map(([userId, username]) => ({ userId: userId as UserId, username, deleted: false }));
  await db.chats.put({ chatId, type: "individual", members } as unknown as ChatRow);
}

/** One more tab of the browser. What one posts, the others hear. */
function openTab(): { bus: TabBus; tab: PresenceTab } {
  const own: Broadcast = {
    onmessage: null,
    postMessage(data) {
      for (const other of broadcasts) if (other !== own) other.onmessage?.call(other as BroadcastChannel, { data } as MessageEvent);
    },
    close: () => void broadcasts.splice(broadcasts.indexOf(own), 1),
  };
  broadcasts.push(own);
  const bus = createTabBus(own);
  const tab = createPresenceTab({ bus, tabId: crypto.randomUUID(), setTimer: clock.setTimer });
  closings.push(() => tab.close());
  return { bus, tab };
}

const join: JoinChannel = (channel, listener) => {
  expect(channels.has(channel)).toBe(false);
  const joined = { ...listener, said: [] as unknown[] };
  channels.set(channel, joined);
  return { trigger: (event, data) => void joined.said.push([event, data]), leave: () => void channels.delete(channel) };
};

function lead(bus: TabBus): PresenceLeader {
  const leader = createPresenceLeader({ ctx, bus, setTimer: clock.setTimer });
  closings.push(leader.close);
  return leader;
}

/** The views of a chat in a tab, which can be waited for. */
function watch(tab: PresenceTab, chatId: ChatId) {
  const views: PresenceView[] = [];
  let changed = () => {};
  const stop = tab.watch(chatId, (view) => {
    views.push(view);
    changed();
  });
  return {
    views,
    stop,
    async until(found: (view: PresenceView) => boolean): Promise<PresenceView> {
      for (;;) {
        const view = views.at(-1);
        if (view && found(view)) return view;
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
  };
}

/** The channel, as soon as it is joined: time goes on until then. */
async function joined(channel: string): Promise<Joined> {
  for (;;) {
    const found = channels.get(channel);
    if (found) return found;
    clock.advance(100);
    await db.meta.count();
  }
}
/** Whatever was asked of the store has been answered. */
async function storeAnswers(): Promise<void> {
  for (let i = 0; i < 20; i++) await db.meta.count();
}
const says = (state: Presence["state"]) => (view: PresenceView) => view.state === state;

/** An open chat whose channels are joined. */
async function openChat() {
  const { bus, tab } = openTab();
  const leader = lead(bus);
  const shown = watch(tab, chat);
  leader.up(join);
  const [presence, typing] = [await joined(presenceChannel(bob)), await joined(chatChannel(chat))];
  for (const channel of [presence, typing]) channel.joined();
  await shown.until(says("online"));
  return { bus, tab, leader, shown, presence, typing };
}

describe("an open chat", () => {
  test("asks once how the person stands, and follows what is told from then on", async () => {
    const { shown, presence } = await openChat();
    expect(asked).toEqual([[bob]]);
    presence.event("presence", { userId: bob, presence: { state: "offline", lastSeenMs: 60_000 } });
    expect(shown.views.at(-1)).toEqual({ state: "offline", lastSeenMs: 60_000, typing: [] });
    presence.event("presence", { userId: alice, presence: { state: "online" } });
    presence.event("presence", { userId: bob, presence: { state: "somewhere" } });
    presence.event("entry", { userId: bob, presence: { state: "online" } });
    expect(shown.views.at(-1)).toMatchObject({ state: "offline" });
    presence.event("presence", { userId: bob, presence: { state: "hidden" } });
    expect(shown.views.at(-1)).toEqual({ state: "hidden", typing: [] });
  });

  test("who is told nothing asks again in a minute", async () => {
    const { shown, presence } = await openChat();
    presence.refused();
    expect(shown.views.at(-1)).toEqual({ state: "hidden", typing: [] });
    for (let minute = 1; minute <= 3; minute++) {
      // What is not heard in between has to be left: its handlers would ask too.
      expect(channels.has(presenceChannel(bob))).toBe(false);
      clock.advance(60_000);
      if (minute < 3) (await joined(presenceChannel(bob))).refused();
    }
    (await joined(presenceChannel(bob))).joined();
    await shown.until(says("online"));
  });

  test("shows nothing while the line is down, and everything again when it is back", async () => {
    const { leader, shown } = await openChat();
    leader.down();
    expect(channels.size).toBe(0);
    expect(shown.views.at(-1)).toEqual({ state: "hidden", typing: [] });
    leader.up(join);
    clock.advance(1_200);
    await storeAnswers();
    expect(channels.size).toBe(0); // not all clients at once
    clock.advance(100);
    (await joined(presenceChannel(bob))).joined();
    await shown.until(says("online"));
  });

  test("is left for good a moment after the last tab left it, and not when somebody comes back", async () => {
    const { tab, shown } = await openChat();
    shown.stop();
    const again = watch(tab, chat);
    clock.advance(5_000);
    expect(channels.size).toBe(2);
    expect(again.views.at(-1)).toMatchObject({ state: "online" });
    again.stop();
    clock.advance(5_000);
    expect(channels.size).toBe(0);
  });

  test("is not listened to when it was only passed by, and the note to self never is", async () => {
    const { bus, tab } = openTab();
    const leader = lead(bus);
    leader.up(join);
    watch(tab, chat).stop();
    watch(tab, notes);
    clock.advance(10_000);
    await storeAnswers();
    expect(channels.size).toBe(0);
  });
});

describe("typing", () => {
  const typing = (state: "typing" | "stopped", userId: UserId = bob) => ({ userId, state });

  test("is shown by name until it ends, and nobody hears of their own or of a stranger's", async () => {
    const { shown, typing: channel } = await openChat();
    const before = shown.views.length;
    channel.event(TYPING_EVENT, typing("typing", alice));
    channel.event(TYPING_EVENT, typing("typing", crypto.randomUUID() as UserId));
    expect(shown.views).toHaveLength(before);
    channel.event(TYPING_EVENT, typing("typing"));
    expect(shown.views.at(-1)).toEqual({ state: "online", typing: ["bob"] });
    channel.event(TYPING_EVENT, typing("stopped"));
    expect(shown.views.at(-1)).toEqual({ state: "online", typing: [] });
  });

  test("ends at once when the message comes", async () => {
    const { shown, typing: channel } = await openChat();
    channel.event(TYPING_EVENT, typing("typing"));
    const row = { chatId: chat, messageId: MessageId.parse(crypto.randomUUID()), position: 1, seq: 1, senderUserId: bob, own: false };
    await db.messages.put({ ...row, body: { kind: "text", text: "here" } } as MessageRow);
    await shown.until((view) => view.typing.length === 0);
  });

  test("is told to the chat from whatever tab, and not without text", async () => {
    const { typing: channel } = await openChat();
    const other = openTab();
    const { setTyping } = presenceCommands(ctx, other.bus);
    await setTyping({ chatId: chat, typing: true });
    await setTyping({ chatId: chat, typing: true });
    await setTyping({ chatId: chat, typing: false });
    await setTyping({ chatId: notes, typing: true });
    expect(channel.said).toEqual([
      [TYPING_EVENT, { userId: alice, state: "typing" }],
      [TYPING_EVENT, { userId: alice, state: "stopped" }],
    ]);
  });
});

test("what is typed before the chat's channel is joined is told once it is", async () => {
  const { bus, tab } = openTab();
  lead(bus).up(join);
  watch(tab, chat);
  const { setTyping } = presenceCommands(ctx, bus);
  const channel = await joined(chatChannel(chat));
  await setTyping({ chatId: chat, typing: true });
  expect(channel.said).toEqual([]);
  channel.joined();
  expect(channel.said).toEqual([[TYPING_EVENT, { userId: alice, state: "typing" }]]);
});

describe("what is turned off", () => {
  test("is neither told nor listened to", async () => {
    const { shown } = await openChat();
    await storePrivacy(ctx, { sharesPresence: true, sharesTyping: false });
    await shown.until(says("hidden"));
    (await joined(presenceChannel(bob))).joined();
    await shown.until(says("online"));
    expect([...channels.keys()]).toEqual([presenceChannel(bob)]);
    await storePrivacy(ctx, { sharesPresence: false, sharesTyping: true });
    await shown.until(says("hidden"));
    await joined(chatChannel(chat));
    expect([...channels.keys()]).toEqual([chatChannel(chat)]);
  });
});

describe("several tabs", () => {
  test("see the same, and a tab that becomes the leader asks the others what they show", async () => {
    const { bus, tab, leader, shown } = await openChat();
    const second = openTab();
    const alsoShown = watch(second.tab, chat);
    expect(alsoShown.views.at(-1)).toEqual({ state: "online", typing: [] });
    leader.close();
    tab.close();
    shown.stop();
    bus.close();
    const next = lead(openTab().bus);
    next.up(join);
    (await joined(presenceChannel(bob))).joined();
    await alsoShown.until(says("online"));
  });

  test("one that vanished without a word is forgotten", async () => {
    const { bus } = openTab();
    lead(bus).up(join);
    bus.post({ kind: "watching", tabId: "vanished", chatIds: [chat] });
    await joined(presenceChannel(bob));
    clock.advance(310_000);
    expect(channels.size).toBe(0);
  });
});
