/** Real-time events over the Pusher protocol (version 7), served from this process and used by the stock pusher-js client.
 *  It is a hint and no more: whatever is lost here, clients find in the log. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { ACCOUNT_CHANNELS } from "../contract/events";
import type { DeviceId, LogId, UserId } from "../contract/ids";
import { PRESENCE_CHANNELS } from "../contract/presence";
import { createAuthorization, type SignedUser } from "./authorization";
import { createChannels } from "./channels";
import { createClientEvents } from "./client-events";
import type { Connection, SocketOwner } from "./connection";
import { createEndedOwners } from "./ended-owners";
import { createEnding } from "./ending";
import { createHttpApi, type HttpApi } from "./http-api/http-api";
import { createLifecycle } from "./lifecycle";
import { createMembers } from "./members";
import { createMessageHandler } from "./message-handler";
import { NO_METRICS, type RealtimeLog, type RealtimeMetrics } from "./observation";
import { createPublishing, type Publication } from "./publishing";
import { REALTIME_LIMITS, type RealtimeLimits } from "./realtime-limits";
import { createReception } from "./reception";
import { closeStaggered, type SetTimer, setUnrefTimer } from "./shutdown";
import { createSignIn } from "./sign-in";
import { createSignatures } from "./signatures";
import { acceptUpgrade, createSocketServer } from "./socket-server";
import { type Attendance, createSockets } from "./sockets";
import { createSubscriptions } from "./subscriptions";
import { createSweep } from "./sweep";

export type { Publication } from "./publishing";

export type Realtime = {
  readonly key: string;
  /** Writes the events to whoever listens here. Never throws. */
  publish(publications: readonly Publication[]): void;
  /** Takes over an upgrade request for `/app/:key`, whose Origin the caller has checked. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers a call of the HTTP API. */
  api: HttpApi;
  /** Lets a socket, whichever process holds it, sign in as the owner's session within a minute.
   *  Throws AppError "bad_request" for malformed socket ids, "forbidden" if the session has just ended. */
  signIn(socketId: string, owner: SocketOwner): SignedUser;
  /** Signs a private channel for a socket, whichever process holds it; the caller knows that its owner may listen. Returns `key:hex`.
   *  Throws AppError "bad_request" for malformed socket ids and names that are no private channel's. */
  authorize(socketId: string, channel: string): string;
  /** Cuts the session's sockets; it can open no further ones. */
  endSession(sessionId: string): void;
  /** Cuts the device's sockets; it can open no further ones. */
  endDevice(userId: UserId, deviceId: DeviceId): void;
  /** Cuts all the account's sockets. A session that has none here can still open one: end each session too. */
  endAccount(userId: UserId): void;
  /** Cuts the account's sockets, because what it may hear has changed. They come back at once, and have to be let in again. */
  askAgain(userId: UserId): void;
  /** Closes all sockets, spread over a moment, and takes no new ones. Resolves when the last is gone. */
  close(): Promise<void>;
  /** Has everybody who listens here look into the log: something may have been missed. Never throws. */
  tellAllToLook(logId: LogId): void;
  /** The sessions that have a socket here. */
  sessions(): string[];
  stats(): { sockets: number; subscriptions: number };
};

export type RealtimeDeps = {
  /** Public: it names this application in the socket's path. */
  key: string;
  /** Signs sign-ins, channel authorisations and calls of the HTTP API. */
  secret: string;
  /** Digits; names this application in the path of the HTTP API. */
  appId: string;
  /** Milliseconds. */
  now: () => number;
  log: RealtimeLog;
  metrics?: RealtimeMetrics;
  limits?: Partial<RealtimeLimits>;
  random?: (sizeBytes: number) => Uint8Array;
  setTimer?: SetTimer;
  /** The client's address, as far as a proxy in front can be trusted for it. The peer's address unless given. */
  addressOf?: (req: IncomingMessage) => string;
  /** Hears of each account's first socket here, and when its last is gone. */
  attendance?: Attendance;
};

/** Makes the server; it has no port of its own. Throws nothing. */
export function createRealtime(deps: RealtimeDeps): Realtime {
  const { key, now, log, metrics = NO_METRICS, setTimer = setUnrefTimer } = deps;
  const limits = { ...REALTIME_LIMITS, ...deps.limits };
  const sockets = createSockets(deps.attendance);
  const channels = createChannels(metrics);
  const members = createMembers();
  const ended = createEndedOwners(now);
  const { maxBufferedBytes, maxSocketsPerAccount, maxEventBytes } = limits;
  const leaveAll = (connection: Connection) => subscriptions.leaveAll(connection);
  const lifecycle = createLifecycle({ sockets, leaveAll, metrics, maxBufferedBytes });
  const { send, drop } = lifecycle;
  const { publish, tell, trigger } = createPublishing({ channels, send, maxEventBytes, log, metrics });
  const authorization = createAuthorization({ signatures: createSignatures(deps), ended, now });
  const subscriptions = createSubscriptions({ channels, members, authorization, tell, limits, metrics });
  const signIn = createSignIn({ sockets, authorization, drop, metrics, maxSocketsPerAccount });
  const clientEvents = createClientEvents({ tell, limits, metrics, now });
  const handleMessage = createMessageHandler({ subscriptions, signIn, clientEvents, metrics });
  const { addressOf = peerAddress, random = randomBytes } = deps;
  const receive = createReception({ key, limits, sockets, lifecycle, handleMessage, addressOf, now, random, log, metrics });
  const sweep = createSweep({ connections: sockets.all, limits, send, drop });
  const wss = createSocketServer(limits);
  const ending = createEnding({ sockets, ended, drop });
  const { find } = sockets;

  const scheduleSweep = (): (() => void) => setTimer(sweepAndSchedule, limits.sweepIntervalMs);
  function sweepAndSchedule(): void {
    cancelSweep = scheduleSweep();
    sweep(now());
    ended.forgetOld();
  }
  let cancelSweep = scheduleSweep();
  let closing: Promise<void> | undefined;

  return {
    key,
    publish,
    upgrade: (req, socket, head) => acceptUpgrade(wss, limits.maxSockets, req, socket, head, (ws) => receive(ws, socket, req)),
    api: createHttpApi({ ...deps, channels, members, find, trigger, endUser: ending.endSession, maxEventBytes, metrics }),
    signIn: authorization.signIn,
    authorize: authorization.authorize,
    ...ending,
    close() {
      cancelSweep();
      closing ??= closeStaggered({ wss, connections: sockets.all, drop, setTimer, spreadMs: limits.shutdownSpreadMs });
      return closing;
    },
    tellAllToLook(logId) {
      const event = { name: "look" as const, data: { logId } };
      const told = channels.names().filter((name) => name.startsWith(ACCOUNT_CHANNELS) || name.startsWith(PRESENCE_CHANNELS));
      publish(told.map((channel) => ({ channel, event })));
    },
    sessions: sockets.sessions,
    stats: () => ({ sockets: sockets.count(), subscriptions: channels.subscriptions() }),
  };
}

const peerAddress = (req: IncomingMessage) => req.socket.remoteAddress ?? "";
