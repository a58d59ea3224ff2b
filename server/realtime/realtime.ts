/** Real-time events over the Pusher protocol (version 7), served from this process and used by the stock pusher-js client.
 *  It is a hint and no more: whatever is lost here, clients find in the log. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { DeviceId, UserId } from "../contract/ids";
import { createAuthorization } from "./authorization";
import { createChannels } from "./channels";
import { CLOSINGS } from "./closings";
import type { SocketOwner } from "./connection";
import { createEndedOwners } from "./ended-owners";
import { createEnding } from "./ending";
import { createLifecycle } from "./lifecycle";
import { createMessageHandler } from "./message-handler";
import { NO_METRICS, type RealtimeLog, type RealtimeMetrics } from "./observation";
import { createPublishing, type Publication } from "./publishing";
import { REALTIME_LIMITS, type RealtimeLimits } from "./realtime-limits";
import { createReception } from "./reception";
import { closeStaggered, type SetTimer, setUnrefTimer } from "./shutdown";
import { createSignatures } from "./signatures";
import { acceptUpgrade, createSocketServer } from "./socket-server";
import { createSockets } from "./sockets";
import { createSweep } from "./sweep";

export type { Publication } from "./publishing";

export type Realtime = {
  readonly key: string;
  /** Writes the events to whoever listens here. Never throws. */
  publish(publications: Publication[]): void;
  /** Takes over an upgrade request for `/app/:key`, whose Origin the caller has checked. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Signs the channel for the socket and binds the socket to the owner's session. Returns `key:hex`.
   *  Throws AppError "bad_request" for malformed names and unknown sockets, "forbidden" for everything not the owner's. */
  authorize(socketId: string, channel: string, owner: SocketOwner): string;
  /** Cuts the session's sockets; it can authorise no further ones. */
  endSession(sessionId: string): void;
  /** Cuts the device's sockets; it can authorise no further ones. */
  endDevice(userId: UserId, deviceId: DeviceId): void;
  /** Cuts all the account's sockets. A session that has none here can still authorise one: end each session too. */
  endAccount(userId: UserId): void;
  /** Closes all sockets, spread over a moment, and takes no new ones. Resolves when the last is gone. */
  close(): Promise<void>;
  /** Names of the channels that somebody listens to here. */
  channels(): string[];
  /** The sessions that have a socket here. */
  sessions(): string[];
  stats(): { sockets: number; subscriptions: number };
};

export type RealtimeDeps = {
  /** Public: it names this application in the socket's path. */
  key: string;
  /** Signs channel authorisations. */
  secret: string;
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
  /** Channels that need no authorisation. None unless given. */
  isPublic?: (channel: string) => boolean;
};

/** Makes the server; it has no port of its own. Throws nothing. */
export function createRealtime(deps: RealtimeDeps): Realtime {
  const { key, now, log, metrics = NO_METRICS, random = randomBytes, setTimer = setUnrefTimer, isPublic = () => false } = deps;
  const { addressOf = (req) => req.socket.remoteAddress ?? "" } = deps;
  const limits = { ...REALTIME_LIMITS, ...deps.limits };
  const sockets = createSockets();
  const channels = createChannels();
  const ended = createEndedOwners(now);
  const signatures = createSignatures(deps);
  const lifecycle = createLifecycle({ sockets, channels, metrics, maxBufferedBytes: limits.maxBufferedBytes });
  const { send, drop } = lifecycle;
  const { maxSocketsPerAccount, maxChannelsPerSocket, maxEventBytes } = limits;
  const authorization = createAuthorization({ sockets, signatures, ended, isPublic, maxSocketsPerAccount });
  const handleMessage = createMessageHandler({ channels, authorization, maxChannelsPerSocket });
  const receive = createReception({ key, limits, sockets, lifecycle, handleMessage, addressOf, now, random, log });
  const sweep = createSweep({ connections: sockets.all, limits, send, drop });
  const wss = createSocketServer(limits);

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
    publish: createPublishing({ channels, send, maxEventBytes, log, metrics }),
    upgrade: (req, socket, head) => acceptUpgrade(wss, limits.maxSockets, req, socket, head, (ws) => receive(ws, socket, req)),
    authorize: authorization.authorize,
    ...createEnding({ sockets, ended, drop: (connection) => drop(connection, CLOSINGS.sessionEnded) }),
    close() {
      cancelSweep();
      closing ??= closeStaggered({ wss, connections: sockets.all, drop, setTimer, spreadMs: limits.shutdownSpreadMs });
      return closing;
    },
    channels: channels.names,
    sessions: sockets.sessions,
    stats: () => ({ sockets: sockets.count(), subscriptions: channels.subscriptions() }),
  };
}
