/** Real-time over an external service that speaks the Pusher protocol: its sockets, our signatures and events. */
import { AppError } from "../../contract/errors";
import { ACCOUNT_CHANNELS } from "../../contract/events";
import type { LogId } from "../../contract/ids";
import { PRESENCE_CHANNELS } from "../../contract/presence";
import { createAuthorization } from "../authorization";
import { createEndedOwners } from "../ended-owners";
import type { Realtime } from "../realtime";
import { type SetTimer, setUnrefTimer } from "../shutdown";
import { createSignatures } from "../signatures";
import type { Attendance } from "../sockets";
import { type CircuitDeps, createCircuit } from "./circuit";
import { createExternalPublisher, LANES } from "./external-publisher";
import { watchOccupancy } from "./occupancy";
import type { ExternalService } from "./service-address";
import { createServiceClient } from "./service-client";

const FORGET_EVERY_MS = 60_000;

/** `now` in milliseconds. */
export type ExternalRealtimeDeps = CircuitDeps & {
  service: ExternalService;
  logId: LogId;
  /** Told who has a socket there. */
  attendance: Attendance;
  setTimer?: SetTimer;
};

/** Throws nothing; a service that does not answer is told about in the log. */
export function createExternalRealtime(deps: ExternalRealtimeDeps): Realtime {
  const { service, logId, attendance, now, setTimer = setUnrefTimer } = deps;
  const client = createServiceClient(service, LANES);
  const circuit = createCircuit(deps);
  const publisher = createExternalPublisher({ client, circuit, logId, setTimer });
  const ended = createEndedOwners(now);
  const authorization = createAuthorization({ signatures: createSignatures(service), ended, now });
  const stopWatching = watchOccupancy({ client, circuit, attendance, setTimer });
  const forgetLater = (): (() => void) =>
    setTimer(() => {
      ended.forgetOld();
      cancelForgetting = forgetLater();
    }, FORGET_EVERY_MS);
  let cancelForgetting = forgetLater();

  return {
    key: service.key,
    publish: publisher.publish,
    tellAllToLook() {
      for (const prefix of [ACCOUNT_CHANNELS, PRESENCE_CHANNELS]) {
        void circuit.attempt(async () => publisher.missed(await client.occupied(prefix)));
      }
    },
    upgrade(_req, socket) {
      socket.on("error", () => socket.destroy());
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    },
    api: () => Promise.reject(new AppError("not_found", "an external service answers these calls")),
    signIn: authorization.signIn,
    authorize: authorization.authorize,
    endSession(sessionId) {
      ended.add(sessionId);
      publisher.terminate(sessionId);
    },
    // The sessions of a device or an account end with it, and each is told by itself.
    endDevice: (_userId, deviceId) => ended.add(deviceId),
    endAccount() {},
    // The service has no such call: an engine that was told leaves by itself, and gets no new signature.
    askAgain() {},
    async close() {
      cancelForgetting();
      stopWatching();
      await publisher.close();
      client.close();
    },
    sessions: () => [],
    stats: () => ({ sockets: 0, subscriptions: 0 }),
  };
}
