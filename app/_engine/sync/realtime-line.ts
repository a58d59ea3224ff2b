/** Keeps the leader's account channel open and hands on what comes over it. */
import type { AccountEvent } from "@/server/contract/events";
import { readMeta } from "../storage/database";
import { connectRealtime, type PusherClass, type RealtimeConnection } from "../transport/realtime";
import type { Connection } from "./connection";
import { type EngineContext, readSelf } from "./engine-context";
import { applyWatermark, type Inbox } from "./inbox";
import { storePrivacy } from "./presence/presence-commands";
import type { PresenceLeader } from "./presence/presence-leader";
import { retryDelayMs } from "./retry-delay";

export type RealtimeLine = { open(): Promise<void>; reconnect(): void; close(): void };

export type RealtimeLineDeps = {
  ctx: EngineContext;
  Pusher: PusherClass;
  origin: string;
  connection: Connection;
  inbox: Inbox;
  presence: Pick<PresenceLeader, "up" | "down">;
  /** Something may have been missed. */
  pull: () => void;
  /** The channel is (again) subscribed. */
  online: () => void;
};

export function createRealtimeLine(deps: RealtimeLineDeps): RealtimeLine {
  const { connection, inbox, presence, pull, online } = deps;
  let line: RealtimeConnection | undefined;
  let closed = false;
  const hear = async (event: AccountEvent, isFromServer: boolean) => {
    // What an external service says is a hint to look: it must not be able to move a cursor or a watermark.
    if (!isFromServer) return event.name === "privacy" ? online() : pull();
    const log = await readMeta(deps.ctx.db, "log");
    if (event.name === "watermark" && event.data.logId === log?.logId) return applyWatermark(deps.ctx, event.data);
    if (event.name === "privacy") return storePrivacy(deps.ctx, event.data);
    if (event.name === "entry" && (await inbox.takeEvent(event.data))) return;
    pull();
  };
  return {
    async open() {
      try {
        const [server, self] = [await deps.ctx.api.call((c) => c.accounts.server.query()), await readSelf(deps.ctx.db)];
        if (closed) return;
        line = connectRealtime(
          { Pusher: deps.Pusher, api: deps.ctx.api, origin: deps.origin, server: server.realtime, userId: self.userId },
          {
            state: (state) => {
              if (state === "connecting") return;
              void connection.realtime(state === "online");
              if (state === "online" && line) {
                presence.up(line.join);
                online(); // whatever happened while it was down
              } else {
                presence.down();
                pull(); // is it the socket alone, or the server?
              }
            },
            event: (event) => void hear(event, server.realtime.host === null).catch(() => pull()),
          },
        );
      } catch {
        if (!closed) setTimeout(() => void this.open(), retryDelayMs(3, deps.ctx.fraction));
      }
    },
    reconnect: () => line?.reconnect(),
    close() {
      closed = true;
      line?.close();
    },
  };
}
