/** The leader's part in presence and typing: listens, as long as the line is up, to the channels of the chats that some tab shows, and tells
 *  all tabs what it hears. */
import type { ChatId } from "@/server/contract/ids";
import type { Privacy } from "@/server/contract/presence";
import { readMeta } from "../../storage/database";
import type { JoinChannel } from "../../transport/realtime";
import type { EngineContext } from "../engine-context";
import { watchStore } from "../views";
import { openPresenceRoom, type PresenceRoom } from "./presence-room";
import { NOTHING_KNOWN } from "./presence-tab";
import type { SetTimer } from "./set-timer";
import type { TabBus } from "./tab-bus";

/** Who walks through the list of chats does not look at each of them. */
const SETTLE_MS = 250;
/** Until then a chat that was left is not: what was still to be said in it can be said, and who comes back finds it. */
const LINGER_MS = 2_000;
/** After a new connection the channels come by and by: thousands of clients may have lost theirs at once. */
const SPREAD_MS = 2_000;
/** A tab that did not repeat itself so long is gone. */
const TAB_GONE_MS = 150_000;

export type PresenceLeaderDeps = { ctx: EngineContext; bus: TabBus; setTimer: SetTimer };
export type PresenceLeader = {
  /** The line is up: channels can be joined. */
  up(join: JoinChannel): void;
  /** Whatever was known is not known any more. */
  down(): void;
  close(): void;
};

export function createPresenceLeader(deps: PresenceLeaderDeps): PresenceLeader {
  const { ctx, bus, setTimer } = deps;
  const watched = createWatched(ctx.now);
  const rooms = createRooms(deps, () => watched.chats());
  let wasUp = false;

  const stopListening = bus.listen((message) => {
    if (message.kind === "typing") rooms.typing(message.chatId, message.typing);
    if (message.kind !== "watching") return;
    watched.heard(message.tabId, message.chatIds);
    rooms.look(SETTLE_MS);
  });
  const stopWatching = watchPrivacy(ctx, (privacy) => {
    rooms.shutAll();
    rooms.allow(privacy);
    rooms.look(SETTLE_MS);
  });
  let cancelSweep = setTimer(sweep, TAB_GONE_MS);
  /** A tab that vanished says nothing. */
  function sweep(): void {
    rooms.look(SETTLE_MS);
    cancelSweep = setTimer(sweep, TAB_GONE_MS);
  }
  bus.post({ kind: "who" });

  return {
    up(join) {
      rooms.shutAll();
      rooms.joinBy(join);
      rooms.look(SETTLE_MS + (wasUp ? ctx.fraction() * SPREAD_MS : 0));
      wasUp = true;
    },
    down() {
      rooms.joinBy(undefined);
      rooms.shutAll();
    },
    close() {
      for (const stop of [cancelSweep, stopListening, stopWatching]) stop();
      rooms.joinBy(undefined);
      rooms.shutAll();
    },
  };
}

function watchPrivacy(ctx: EngineContext, changed: (privacy: Privacy | undefined) => void): () => void {
  let known: string | undefined;
  return watchStore(
    () => readMeta(ctx.db, "privacy"),
    (privacy) => {
      const before = known;
      known = JSON.stringify(privacy);
      if (before !== known) changed(privacy);
    },
  );
}

/** The chats on screen, over all tabs. */
function createWatched(now: () => number) {
  const tabs = new Map<string, { chatIds: ChatId[]; heardAtMs: number }>();
  return {
    heard(tabId: string, chatIds: ChatId[]): void {
      if (chatIds.length > 0) tabs.set(tabId, { chatIds, heardAtMs: now() });
      else tabs.delete(tabId);
    },
    chats(): Set<ChatId> {
      for (const [tabId, { heardAtMs }] of tabs) if (now() - heardAtMs > TAB_GONE_MS) tabs.delete(tabId);
      return new Set([...tabs.values()].flatMap(({ chatIds }) => chatIds));
    },
  };
}

/** One room for each chat that is wanted, while the line is up and it is known what the account shares. */
function createRooms({ ctx, bus, setTimer }: PresenceLeaderDeps, wantedChats: () => Set<ChatId>) {
  const rooms = new Map<ChatId, PresenceRoom>();
  /** Chats on their way in or out. */
  const turns = new Map<ChatId, () => void>();
  let join: JoinChannel | undefined;
  let privacy: Privacy | undefined;
  const show = (chatId: ChatId, view: PresenceRoom["view"]) => bus.post({ kind: "shown", chatId, view });

  function shut(chatId: ChatId): void {
    rooms.get(chatId)?.close();
    if (rooms.delete(chatId)) show(chatId, NOTHING_KNOWN);
  }

  /** Opens or closes a chat's room, by what is wanted now. */
  function decide(chatId: ChatId): void {
    turns.get(chatId)?.();
    turns.delete(chatId);
    if (!join || !privacy || !wantedChats().has(chatId)) shut(chatId);
    else if (!rooms.has(chatId))
      rooms.set(chatId, openPresenceRoom({ ctx, chatId, privacy, join, setTimer, show: (view) => show(chatId, view) }));
  }

  function decideIn(delayMs: number, chatId: ChatId): void {
    if (turns.has(chatId)) return;
    turns.set(
      chatId,
      setTimer(() => decide(chatId), delayMs),
    );
  }

  return {
    joinBy(by: JoinChannel | undefined): void {
      join = by;
    },
    allow(by: Privacy | undefined): void {
      privacy = by;
    },
    /** Who types in a chat has settled there. */
    typing(chatId: ChatId, typing: boolean): void {
      if (typing && !rooms.has(chatId)) decide(chatId);
      rooms.get(chatId)?.typing(typing);
    },
    /** Shows what is known of the chats that are wanted, opens those that are missing in `delayMs`, and lets go of the others. */
    look(delayMs: number): void {
      const wanted = wantedChats();
      for (const chatId of wanted) {
        const room = rooms.get(chatId);
        if (room) show(chatId, room.view);
        else if (join && privacy) decideIn(delayMs, chatId);
      }
      for (const chatId of rooms.keys()) if (!wanted.has(chatId)) decideIn(LINGER_MS, chatId);
    },
    shutAll(): void {
      for (const cancel of turns.values()) cancel();
      turns.clear();
      for (const chatId of [...rooms.keys()]) shut(chatId);
    },
  };
}
