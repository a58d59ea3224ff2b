/** The calls that are made to an external service, through the stock `pusher` package. */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import Pusher from "pusher";
import { z } from "zod";
import type { RealtimeEvent } from "../../contract/events";
import type { Publication } from "../publishing";
import type { ExternalService } from "./service-address";

const TIMEOUT_MS = 5_000;
const Occupied = z.object({ channels: z.record(z.string(), z.unknown()) });

export type ServiceClient = {
  /** One event to at most MAX_CHANNELS_PER_CALL channels. */
  trigger(channels: string[], event: RealtimeEvent): Promise<void>;
  /** At most MAX_EVENTS_PER_BATCH events. */
  triggerBatch(publications: readonly Publication[]): Promise<void>;
  /** Closes the sockets that signed in under this id. */
  terminate(signInId: string): Promise<void>;
  /** Names of the channels with this prefix that somebody listens to. */
  occupied(prefix: string): Promise<string[]>;
  close(): void;
};

/** Each call rejects when the service can't be reached within 5 s, or says that it did not do it. */
export function createServiceClient({ appId, key, secret, host, port, tls }: ExternalService, maxSockets: number): ServiceClient {
  // NOTE: without one the package opens a connection for each call.
  const agent = new (tls ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets });
  const address = { host, ...(port !== null && { port: String(port) }), useTLS: tls };
  const pusher = new Pusher({ appId, key, secret, ...address, agent, timeout: TIMEOUT_MS });
  return {
    trigger: async (channels, { name, data }) => refuseErrors(await pusher.trigger(channels, name, data)),
    triggerBatch: async (publications) =>
      refuseErrors(await pusher.triggerBatch(publications.map(({ channel, event: { name, data } }) => ({ channel, name, data })))),
    terminate: async (signInId) => refuseErrors(await pusher.terminateUserConnections(signInId)),
    async occupied(prefix) {
      const response = await pusher.get({ path: "/channels", params: { filter_by_prefix: prefix } });
      return Object.keys(Occupied.parse(await response.json()).channels);
    },
    close: () => agent.destroy(),
  };
}

/** Some services answer 200 and put the error into the body. */
async function refuseErrors(response: Pusher.Response): Promise<void> {
  const body: unknown = await response.json().catch(() => null);
  const code = typeof body === "object" && body !== null && "code" in body ? body.code : undefined;
  if (typeof code !== "number" || code < 400) return;
  throw Object.assign(new Error(`the real-time service answered with error ${code}`), { status: code });
}
