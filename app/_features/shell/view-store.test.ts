import { expect, test } from "vitest";
import type { Engine } from "@/engine";
import { createViewStore, viewKey } from "./view-store";

function makeWatchable() {
  const watches: { name: string; listener: (view: unknown) => void; live: boolean }[] = [];
  const watch: Engine["watch"] = (name, _args, listener) => {
    const entry = { name, listener: listener as (view: unknown) => void, live: true };
    watches.push(entry);
    return () => {
      entry.live = false;
    };
  };
  return { watches, watch };
}

test("watches a view once however many look at it, and stops with the last", () => {
  const engine = makeWatchable();
  const store = createViewStore(engine);
  const calls: string[] = [];
  const stopA = store.subscribe("chatList", {}, () => calls.push("a"));
  const stopB = store.subscribe("chatList", {}, () => calls.push("b"));
  expect(engine.watches).toHaveLength(1);
  engine.watches[0]?.listener([]);
  expect(calls).toEqual(["a", "b"]);
  stopA();
  expect(engine.watches[0]?.live).toBe(true);
  stopB();
  expect(engine.watches[0]?.live).toBe(false);
});

test("shows the last state at once when a screen comes back, and then the new one", () => {
  const engine = makeWatchable();
  const store = createViewStore(engine);
  store.subscribe("chatList", {}, () => {})();
  engine.watches[0]?.listener(["late"]);
  const stop = store.subscribe("connection", {}, () => {});
  engine.watches[1]?.listener({ state: "online", storageFailed: false });
  stop();
  expect(store.peek("connection", {})).toEqual({ state: "online", storageFailed: false });
  store.subscribe("connection", {}, () => {});
  expect(engine.watches).toHaveLength(3);
  engine.watches[2]?.listener({ state: "offline", storageFailed: false });
  expect(store.peek("connection", {})?.state).toBe("offline");
});

test("knows nothing before the first state", () => {
  expect(createViewStore(makeWatchable()).peek("account", {})).toBeUndefined();
});

test("forgets the views that were left longest ago", () => {
  const engine = makeWatchable();
  const store = createViewStore(engine);
  for (let limit = 1; limit <= 14; limit++) {
    const stop = store.subscribe("conversation", { chatId: "c" as never, limit }, () => {});
    engine.watches.at(-1)?.listener(null);
    stop();
  }
  expect(store.peek("conversation", { chatId: "c" as never, limit: 1 })).toBeUndefined();
  expect(store.peek("conversation", { chatId: "c" as never, limit: 14 })).toBeNull();
});

test("forgets what the former person saw when somebody else signs in", () => {
  const engine = makeWatchable();
  const store = createViewStore(engine);
  store.subscribe("account", {}, () => {});
  const account = engine.watches[0]?.listener;
  const as = (username: string) => account?.({ phase: "ready", username });
  as("ana");
  store.subscribe("conversation", { chatId: "c" as never, limit: 60 }, () => {})();
  const calls: unknown[] = [];
  store.subscribe("chatList", {}, () => calls.push(store.peek("chatList", {})));
  engine.watches[2]?.listener(["ana's chat"]);
  as("ana");
  account?.({ phase: "sign_in_again", username: "ana" });
  expect(store.peek("chatList", {})).toEqual(["ana's chat"]);
  account?.({ phase: "signed_out", server: null });
  expect(store.peek("chatList", {})).toBeUndefined();
  expect(store.peek("conversation", { chatId: "c" as never, limit: 60 })).toBeUndefined();
  expect(engine.watches[2]?.live).toBe(false);
  engine.watches[3]?.listener([]);
  as("bea");
  engine.watches[4]?.listener(["bea's chat"]);
  expect(store.peek("chatList", {})).toEqual(["bea's chat"]);
  expect(calls).toEqual([["ana's chat"], undefined, [], undefined, ["bea's chat"]]);
  expect(store.peek("account", {})).toMatchObject({ username: "bea" });
});

test("keeps what is remembered while the account is only being looked up again", () => {
  const engine = makeWatchable();
  const store = createViewStore(engine);
  store.subscribe("account", {}, () => {});
  engine.watches[0]?.listener({ phase: "ready", username: "ana" });
  store.subscribe("chatList", {}, () => {})();
  engine.watches[1]?.listener(["chat"]);
  engine.watches[0]?.listener({ phase: "starting" });
  engine.watches[0]?.listener({ phase: "ready", username: "ana" });
  expect(store.peek("chatList", {})).toEqual(["chat"]);
});

test("takes arguments in any order for the same view", () => {
  expect(viewKey("conversation", { limit: 60, chatId: "c" })).toBe(viewKey("conversation", { chatId: "c", limit: 60 }));
});
