import { expect, test } from "vitest";
import type { AccountView } from "@/engine";
import { type Area, redirectFrom } from "./home-path";

const server = { name: "localhost", version: "1", registration: "open" as const, realtime: { key: "", host: null, port: null, tls: null } };
const signedOut = (firstAccount: boolean): AccountView => ({ phase: "signed_out", server: { ...server, firstAccount } });
const ready = (recoveryKeyPending: boolean, remindAtMs: number): AccountView => ({
  phase: "ready",
  userId: "u" as never,
  username: "ana",
  deviceId: "d" as never,
  isAdmin: false,
  recoveryKeyPending,
  remindAtMs,
});
const needsKeys: AccountView = { phase: "needs_keys", username: "ana", isAdmin: false };
const signInAgain: AccountView = { phase: "sign_in_again", userId: "u" as never, username: "ana" };
const AREAS: Area[] = ["chats", "sign-up", "sign-in", "restore", "recovery-key"];
const sent = (account: AccountView) => AREAS.map((area) => redirectFrom(area, account));

test("sends nobody anywhere while it is not known who they are", () => {
  expect(sent({ phase: "starting" })).toEqual([null, null, null, null, null]);
  expect(sent({ phase: "unsupported", reason: "insecure_origin" })).toEqual([null, null, null, null, null]);
});

test("sends strangers to sign-in, and the very first one to sign-up", () => {
  expect(sent(signedOut(false))).toEqual(["/sign-in", null, null, "/sign-in", "/sign-in"]);
  expect(sent(signedOut(true))).toEqual(["/sign-up", null, null, "/sign-up", "/sign-up"]);
  expect(redirectFrom("chats", { phase: "signed_out", server: null })).toBe("/sign-in");
});

test("asks for keys where this browser has none", () => {
  expect(sent(needsKeys)).toEqual(["/restore", "/restore", "/restore", null, "/restore"]);
});

test("lets someone read whose sign-in ended, and sign in again", () => {
  expect(sent(signInAgain)).toEqual([null, "/", null, "/", "/"]);
});

test("shows a recovery key first, until it was saved or put off", () => {
  expect(sent(ready(true, 0))).toEqual(["/recovery-key", "/recovery-key", "/recovery-key", "/recovery-key", null]);
  expect(sent(ready(true, 1))).toEqual([null, "/", "/", "/", null]);
  expect(sent(ready(false, 0))).toEqual([null, "/", "/", "/", "/"]);
});
