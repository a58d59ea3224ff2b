/** One open chat: how the other person stands, and who is typing. Joins what the account's own settings allow, and tells it when this person
 *  types. The note-to-self chat has nothing of it. */
import type { ChatId, UserId } from "@/server/contract/ids";
import { TYPING_ENDS_MS } from "@/server/contract/limits";
import {
  chatChannel,
  type Presence,
  PresenceEvent,
  type Privacy,
  presenceChannel,
  TYPING_EVENT,
  TypingEvent,
} from "@/server/contract/presence";
import type { PresenceView } from "../../door";
import { newestMessage } from "../../storage/chat-rows";
import type { JoinChannel, JoinedChannel } from "../../transport/realtime";
import { type EngineContext, readSelf } from "../engine-context";
import { watchStore } from "../views";
import { NOTHING_KNOWN } from "./presence-tab";
import type { SetTimer } from "./set-timer";
import { createTypingPeople, type TypingPeople } from "./typing-people";
import { createTypingSignal, type TypingSignal } from "./typing-signal";

/** Who is not told may be told later: the other person can begin to share it. */
const ASK_AGAIN_MS = 60_000;
/** How often a person who is watched is asked about although nothing was told. */
const LOOK_MS = 5 * 60_000;

export type PresenceRoomDeps = {
  ctx: EngineContext;
  chatId: ChatId;
  /** What the account shares. */
  privacy: Privacy;
  join: JoinChannel;
  setTimer: SetTimer;
  show: (view: PresenceView) => void;
};
export type PresenceRoom = {
  readonly view: PresenceView;
  /** This person types, or let it be. */
  typing(typing: boolean): void;
  close(): void;
};

export function openPresenceRoom(deps: PresenceRoomDeps): PresenceRoom {
  let presence: Presence = { state: "hidden" };
  let view = NOTHING_KNOWN;
  let names = new Map<UserId, string>();
  let own: OwnTyping | undefined;
  let typesAlready = false;
  const stops: (() => void)[] = [];
  let closed = false;

  const people = createTypingPeople({ setTimer: deps.setTimer, changed: draw });
  function draw(): void {
    const typing = people.people().flatMap((userId) => names.get(userId) ?? []);
    view = viewOf(presence, typing);
    deps.show(view);
  }

  async function open(): Promise<void> {
    const { db } = deps.ctx;
    const [chat, self, newest] = [await db.chats.get(deps.chatId), await readSelf(db), await newestMessage(db, deps.chatId)];
    const others = (chat?.members ?? []).filter(({ userId, deleted }) => userId !== self.userId && !deleted);
    if (closed || !chat || others.length === 0) return;
    names = new Map(others.map(({ userId, username }) => [userId, username]));
    const peer = chat.type === "individual" ? others[0] : undefined;
    const onPresence = (now: Presence) => {
      presence = now;
      draw();
    };
    if (peer && deps.privacy.sharesPresence) stops.push(followPresence(deps, peer.userId, onPresence));
    if (!deps.privacy.sharesTyping) return;
    own = joinTyping(deps, self.userId, people, (userId) => names.has(userId));
    if (typesAlready) own.typed();
    stops.push(own.leave, watchArrivals(deps, newest?.messageId, people, own.sent));
  }
  // Nothing of it is worth a report: a store that closes meanwhile is the only way to fail.
  void open().catch(() => {});

  return {
    get view() {
      return view;
    },
    typing(typing) {
      typesAlready = typing;
      if (typing) own?.typed();
      else own?.stopped();
    },
    close() {
      closed = true;
      people.close();
      for (const stop of stops) stop();
    },
  };
}

function viewOf(presence: Presence, typing: string[]): PresenceView {
  if (presence.state !== "offline" || presence.lastSeenMs === null) return { state: presence.state, typing };
  return { state: "offline", lastSeenMs: presence.lastSeenMs, typing };
}

/** Tells how a person stands, from now on. Returns a function that ends it. */
function followPresence({ ctx, join, setTimer }: PresenceRoomDeps, userId: UserId, tell: (presence: Presence) => void): () => void {
  let heard = 0;
  let channel: JoinedChannel | undefined;
  let cancelAgain: (() => void) | undefined;
  let cancelLook: (() => void) | undefined;
  /** What is on the channel is newer than what was asked before it came. */
  const ask = async () => {
    const before = heard;
    const { people } = await ctx.api.call((c) => c.presence.get.mutate({ userIds: [userId] }));
    if (channel && heard === before && people[0]) tell(people[0]);
  };
  /** Asks now, and again after a while: an event may get lost. */
  const look = () => {
    cancelLook?.();
    cancelLook = setTimer(look, LOOK_MS);
    void ask().catch(() => {});
  };
  const leave = () => {
    cancelLook?.();
    channel?.leave();
    channel = undefined;
  };
  const enter = () => {
    channel = join(presenceChannel(userId), {
      joined: look,
      refused() {
        tell({ state: "hidden" });
        // Each entry is a new one: handlers of the old would be heard too.
        leave();
        cancelAgain?.();
        cancelAgain = setTimer(enter, ASK_AGAIN_MS);
      },
      event(name, data) {
        if (name === "look") look();
        const event = PresenceEvent.safeParse(data);
        if (name !== "presence" || !event.success || event.data.userId !== userId) return;
        heard++;
        tell(event.data.presence);
      },
    });
  };
  enter();
  return () => {
    cancelAgain?.();
    leave();
  };
}

type OwnTyping = TypingSignal & { leave: () => void };

/** What is typed before the channel is joined is told then, unless it would have ended by itself. */
function joinTyping(
  { ctx, chatId, join }: PresenceRoomDeps,
  self: UserId,
  people: TypingPeople,
  isOther: (userId: UserId) => boolean,
): OwnTyping {
  let joined = false;
  let typedAtMs = Number.NEGATIVE_INFINITY;
  const channel = join(chatChannel(chatId), {
    joined() {
      joined = true;
      if (ctx.now() - typedAtMs < TYPING_ENDS_MS) signal.typed();
    },
    refused() {},
    event(name, data) {
      const event = TypingEvent.safeParse(data);
      if (name !== TYPING_EVENT || !event.success || !isOther(event.data.userId)) return;
      if (event.data.state === "typing") people.typing(event.data.userId);
      else people.stopped(event.data.userId);
    },
  });
  const signal = createTypingSignal({
    now: ctx.now,
    tell: (state) => channel.trigger(TYPING_EVENT, { userId: self, state } satisfies TypingEvent),
  });
  return {
    typed() {
      typedAtMs = ctx.now();
      if (joined) signal.typed();
    },
    stopped() {
      typedAtMs = Number.NEGATIVE_INFINITY;
      signal.stopped();
    },
    sent() {
      typedAtMs = Number.NEGATIVE_INFINITY;
      signal.sent();
    },
    leave: channel.leave,
  };
}

/** A message that is stored ends what was said of typing it: its sender's on this side, the own one on the other. */
function watchArrivals(
  { ctx, chatId }: PresenceRoomDeps,
  newestId: string | undefined,
  people: TypingPeople,
  sent: () => void,
): () => void {
  let lastId = newestId;
  return watchStore(
    () => newestMessage(ctx.db, chatId),
    (newest) => {
      if (!newest || newest.messageId === lastId) return;
      lastId = newest.messageId;
      if (newest.own) sent();
      else people.stopped(newest.senderUserId);
    },
  );
}
