import { expect, test } from "vitest";
import { parseServiceAddress } from "./service-address";

test("an address names application, key, secret and where the service is", () => {
  expect(parseServiceAddress("https://key:s%2Fecret@api.example.org/apps/12")).toEqual({
    appId: "12",
    key: "key",
    secret: "s/ecret",
    host: "api.example.org",
    port: null,
    tls: true,
  });
  expect(parseServiceAddress("http://key:secret@127.0.0.1:6001/apps/1/")).toMatchObject({ host: "127.0.0.1", port: 6001, tls: false });
});

test.each([
  ["no address at all", "pusher"],
  ["without a key", "https://api.example.org/apps/1"],
  ["without a secret", "https://key@api.example.org/apps/1"],
  ["with a name instead of a number", "https://key:secret@api.example.org/apps/parley"],
  ["with another path", "https://key:secret@api.example.org/1"],
  ["with a query", "https://key:secret@api.example.org/apps/1?x=1"],
  ["of another scheme", "wss://key:secret@api.example.org/apps/1"],
  ["with a secret that is no percent-encoding", "https://key:%zz@api.example.org/apps/1"],
])("one %s is refused", (_, text) => {
  expect(parseServiceAddress(text)).toBeNull();
});
