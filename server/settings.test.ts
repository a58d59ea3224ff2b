import { expect, test } from "vitest";
import { readSettings } from "./settings";

const NEEDED = {
  DATABASE_URL: "postgresql://parley:secret@127.0.0.1:5432/parley",
  PARLEY_AUTH_SECRET: "a".repeat(32),
  PARLEY_REALTIME_KEY: "0123456789abcdef",
  PARLEY_REALTIME_SECRET: "b".repeat(32),
};

test("listens on this machine only unless told otherwise", () => {
  const { settings } = readSettings(NEEDED);
  expect(settings).toMatchObject({ host: "127.0.0.1", port: 3000, publicUrl: null, registration: "open", limitsFactor: 1 });
});

test("takes every setting", () => {
  const { settings, unknown } = readSettings({
    ...NEEDED,
    PORT: "8080",
    HOST: "0.0.0.0",
    PARLEY_URL: "https://chat.example.org",
    PARLEY_DATA: "/srv/parley",
    PARLEY_REGISTRATION: "invite",
    PARLEY_LIMITS: "2.5",
    PARLEY_METRICS_TOKEN: "0123456789abcdef",
    PARLEY_UNSAFE_POSTGRES: "1",
    PARLEY_REALTIME_APP_ID: "4711",
    PUSHER_URL: "https://key:secret@api.example.org:8443/apps/12",
    PUSHER_PUBLIC_URL: "wss://ws.example.org",
    LOG_LEVEL: "warn",
  });
  expect(settings).toMatchObject({
    port: 8080,
    host: "0.0.0.0",
    dataDirectory: "/srv/parley",
    registration: "invite",
    limitsFactor: 2.5,
    metricsToken: "0123456789abcdef",
    unsafePostgres: true,
    realtime: { appId: "4711" },
    externalRealtime: { appId: "12", key: "key", secret: "secret", host: "api.example.org", port: 8443, tls: true },
    logLevel: "warn",
  });
  expect(settings.publicUrl?.origin).toBe("https://chat.example.org");
  expect(settings.externalRealtime?.publicUrl.href).toBe("wss://ws.example.org/");
  expect(unknown).toEqual([]);
});

test("browsers open their sockets where the service is called, unless told otherwise", () => {
  const { settings } = readSettings({ ...NEEDED, PUSHER_URL: "http://key:secret@10.0.0.7:6001/apps/1" });
  expect(settings.externalRealtime?.publicUrl.href).toBe("ws://10.0.0.7:6001/");
  expect(readSettings(NEEDED).settings.externalRealtime).toBeNull();
});

test("an empty variable is one that is not set", () => {
  expect(readSettings({ ...NEEDED, PORT: "", PARLEY_URL: "" }).settings).toMatchObject({ port: 3000, publicUrl: null });
});

test.each([
  ["PORT", "http"],
  ["PORT", "65536"],
  ["PORT", "0x10"],
  ["PORT", " "],
  ["HOST", "a host"],
  ["PARLEY_URL", "chat.example.org"],
  ["PARLEY_URL", "https://example.org/chat"],
  ["PARLEY_URL", "https://user:password@example.org"],
  ["PARLEY_REGISTRATION", "on"],
  ["PARLEY_LIMITS", "0"],
  ["PARLEY_LIMITS", "many"],
  ["PARLEY_METRICS_TOKEN", "short"],
  ["PARLEY_UNSAFE_POSTGRES", "yes"],
  ["DATABASE_URL", "mysql://root@localhost/db"],
  ["PARLEY_AUTH_SECRET", "too short"],
  ["PARLEY_REALTIME_APP_ID", "app"],
  ["PUSHER_URL", "https://api.example.org/apps/1"],
  ["PUSHER_PUBLIC_URL", "https://ws.example.org"],
  ["PUSHER_PUBLIC_URL", "wss://ws.example.org/app"],
  ["LOG_LEVEL", "verbose"],
])("a wrong %s (%s) is told in one sentence that names it", (name, value) => {
  expect(() => readSettings({ ...NEEDED, [name]: value })).toThrow(new RegExp(`^${name} must be [^\\n]+\\.$`));
});

test("the sentence about a wrong secret does not repeat it", () => {
  const read = () => readSettings({ ...NEEDED, PARLEY_AUTH_SECRET: "hunter2" });
  expect(read).toThrow(/PARLEY_AUTH_SECRET/);
  expect(read).not.toThrow(/hunter2/);
  const readService = () => readSettings({ ...NEEDED, PUSHER_URL: "https://key:hunter2@api.example.org" });
  expect(readService).toThrow(/PUSHER_URL/);
  expect(readService).not.toThrow(/hunter2/);
});

test("names that look like ours but mean nothing are reported", () => {
  expect(readSettings({ ...NEEDED, PARLEY_REGISTRATON: "closed", PATH: "/bin", PARLEY_BUILD_ID: "1" }).unknown).toEqual([
    "PARLEY_REGISTRATON",
  ]);
});
