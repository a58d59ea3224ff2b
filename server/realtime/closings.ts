/** Why the server closes a socket. What a client does next hangs on the range of the code alone (pusher-js):
 *  4000–4099 never connects again by itself, 4100–4199 after a second, 4200–4299 at once. */
import type { RealtimeMetrics } from "./observation";

export type Closing = { code: number; reason: string; counted: Parameters<RealtimeMetrics["socketsDropped"]>[0] };

export const CLOSINGS = {
  unknownKey: { code: 4001, reason: "application does not exist", counted: "protocol" },
  unknownPath: { code: 4005, reason: "path not found", counted: "protocol" },
  malformedVersion: { code: 4006, reason: "invalid version string format", counted: "protocol" },
  unsupportedVersion: { code: 4007, reason: "unsupported protocol version", counted: "protocol" },
  missingVersion: { code: 4008, reason: "no protocol version supplied", counted: "protocol" },
  sessionEnded: { code: 4009, reason: "session ended", counted: "session" },
  unauthorized: { code: 4009, reason: "sign-in is not valid", counted: "protocol" },
  overCapacity: { code: 4100, reason: "over capacity", counted: "limit" },
  tooSlow: { code: 4101, reason: "reads too slowly", counted: "slow" },
  tooManyMessages: { code: 4102, reason: "too many messages", counted: "limit" },
  unused: { code: 4103, reason: "neither sign-in nor subscription in time", counted: "timeout" },
  lateSignIn: { code: 4104, reason: "sign-in came too late", counted: "timeout" },
  stopping: { code: 4200, reason: "server is stopping", counted: "stopping" },
  rightsChanged: { code: 4210, reason: "what the account may hear has changed", counted: "session" },
  pongMissing: { code: 4201, reason: "pong reply not received", counted: "timeout" },
} as const satisfies Record<string, Closing>;
