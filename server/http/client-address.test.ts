import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { clientAddress, isFromThisMachine } from "./client-address";

const from = (remoteAddress: string, headers: Record<string, string> = {}) =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;
const https = { publicUrl: new URL("https://chat.example.org") };
const forwarded = { "x-forwarded-for": "198.51.100.1, 203.0.113.9" };

test.each([
  ["without a proxy, the peer", "203.0.113.5", forwarded, { publicUrl: null }, "203.0.113.5"],
  ["IPv4 inside IPv6, plainly", "::ffff:203.0.113.5", {}, { publicUrl: null }, "203.0.113.5"],
  ["behind a proxy on this machine, what it added last", "127.0.0.1", forwarded, https, "203.0.113.9"],
  ["behind a proxy on the private network, what it added last", "::ffff:172.18.0.3", forwarded, https, "203.0.113.9"],
  ["from a stranger who claims to be a proxy, the stranger", "203.0.113.5", forwarded, https, "203.0.113.5"],
  ["on plain http, never a header", "127.0.0.1", forwarded, { publicUrl: new URL("http://192.168.1.4") }, "127.0.0.1"],
  ["from a proxy that adds nonsense, the proxy", "127.0.0.1", { "x-forwarded-for": "unknown" }, https, "127.0.0.1"],
  ["from a proxy that adds nothing, the proxy", "127.0.0.1", {}, https, "127.0.0.1"],
  ["from a socket that is gone, no address", "", {}, https, "0.0.0.0"],
])("%s", (_, peer, headers, settings, address) => {
  expect(clientAddress(from(peer, headers), settings)).toBe(address);
});

test.each([
  ["127.0.0.1", { host: "localhost:3000" }, true],
  ["::1", { host: "[::1]:3000" }, true],
  ["::ffff:127.0.0.1", { host: "127.0.0.1" }, true],
  ["127.0.0.1", { host: "evil.example" }, false],
  ["127.0.0.1", {}, false],
  ["192.168.1.5", { host: "localhost" }, false],
  ["127.0.0.1", { host: "localhost", via: "1.1 proxy" }, false],
  ["127.0.0.1", { host: "localhost", "x-forwarded-proto": "https" }, false],
])("a request from %s with %o is from this machine: %s", (peer, headers, expected) => {
  expect(isFromThisMachine(from(peer, headers as Record<string, string>))).toBe(expected);
});
