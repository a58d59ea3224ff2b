import { expect, test } from "vitest";
import type { DeviceContext } from "../context";
import { accountChannel } from "../contract/events";
import { KEY, makeOwner, startRealtime } from "../realtime/testing";
import { authorizeChannel } from "./authorize-channel";

test("only the caller's own account channel is signed", async () => {
  const server = await startRealtime();
  const alice = makeOwner();
  const ctx = { app: { realtime: server.current() }, caller: alice } as unknown as DeviceContext;
  const sign = (channel: string) => authorizeChannel(ctx, { socketId: "1.2", channel });

  expect((await sign(alice.channel)).auth).toContain(KEY);
  await expect(sign(accountChannel(makeOwner().userId))).rejects.toMatchObject({ code: "forbidden" });
  const malformed = ["", "private-account-", `${alice.channel} `, `${alice.channel}\n`, `${alice.channel}x`, alice.channel.toUpperCase()];
  const others = [`presence-account-${alice.userId}`, `private-encrypted-account-${alice.userId}`, `#server-to-user-${alice.userId}`];
  for (const name of [...malformed, ...others, `${alice.channel}:{}`, "private-x", "public"]) {
    await expect(sign(name), name).rejects.toMatchObject({ code: "bad_request" });
  }
  await server.stop();
});
