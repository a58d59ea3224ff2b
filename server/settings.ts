/** Everything an operator can set, read once from the environment and checked before anything starts.
 *  A wrong value is told in one sentence that names the setting and never repeats a secret. */
import path from "node:path";
import { z } from "zod";
import { Registration } from "./contract/accounts";
import { type ExternalService, parseServiceAddress } from "./realtime/external/service-address";

export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug"] as const;

export type Settings = {
  port: number;
  host: string;
  /** The public address; null means that each request's own Host header is taken as ours. */
  publicUrl: URL | null;
  dataDirectory: string;
  databaseUrl: string;
  registration: z.infer<typeof Registration>;
  /** Factor on every rate limit and quota. */
  limitsFactor: number;
  metricsToken: string | null;
  unsafePostgres: boolean;
  /** Signs session cookies. */
  authSecret: string;
  /** Of the embedded real-time server. */
  realtime: { appId: string; key: string; secret: string };
  /** Carries the events in place of the embedded server; `publicUrl` is where browsers open their sockets. */
  externalRealtime: (ExternalService & { publicUrl: URL }) | null;
  logLevel: (typeof LOG_LEVELS)[number];
};

/** Its message is one sentence for the operator. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** An empty variable counts as one that is not set: compose files pass those. */
const optional = <T extends z.ZodType>(schema: T) => z.preprocess((value) => (value === "" ? undefined : value), schema.optional());

/** Digits only: `Number` alone would take " ", "0x10" and "1e3" for numbers too. */
const numeric = (schema: z.ZodType<number, number>) =>
  z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?$/)
    .transform(Number)
    .pipe(schema);

const Url = z.string().refine((text) => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
});
const SocketUrl = z.string().refine((text) => /^wss?:\/\/[^/?#@]+\/?$/.test(text) && URL.canParse(text));
const DatabaseUrl = z.string().refine((text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol));

/** What is wanted of each setting; the second part completes the sentence "NAME must be …". */
const SETTINGS = {
  PORT: [optional(numeric(z.int().min(0).max(65_535))), "a port number from 0 to 65535"],
  HOST: [optional(z.string().regex(/^[A-Za-z0-9.:_-]{1,255}$/)), "a host name or an address to listen on"],
  PARLEY_URL: [optional(Url), "the public address without a path, such as https://chat.example.org"],
  PARLEY_DATA: [optional(z.string().max(4096)), "the path of a folder"],
  DATABASE_URL: [DatabaseUrl, "set to an address such as postgresql://user:password@host:5432/name"],
  PARLEY_REGISTRATION: [optional(Registration), "open, invite or closed"],
  PARLEY_LIMITS: [optional(numeric(z.number().min(0.01).max(1_000_000))), "a number from 0.01 to 1000000"],
  PARLEY_METRICS_TOKEN: [optional(z.string().regex(/^[\x21-\x7e]{16,512}$/)), "16 to 512 visible characters without spaces"],
  PARLEY_UNSAFE_POSTGRES: [optional(z.enum(["0", "1"])), "1 or 0"],
  PARLEY_AUTH_SECRET: [z.string().min(32).max(1024), "set to 32 or more random characters"],
  PARLEY_REALTIME_APP_ID: [optional(z.string().regex(/^\d{1,20}$/)), "a number"],
  PARLEY_REALTIME_KEY: [z.string().regex(/^[A-Za-z0-9_-]{8,64}$/), "8 to 64 letters, digits, - or _"],
  PARLEY_REALTIME_SECRET: [z.string().min(16).max(1024), "set to 16 or more random characters"],
  PUSHER_URL: [
    optional(z.string().refine((text) => parseServiceAddress(text) !== null)),
    "the address of a Pusher-compatible service, such as https://KEY:SECRET@api.example.org/apps/123",
  ],
  PUSHER_PUBLIC_URL: [optional(SocketUrl), "where browsers reach that service, such as wss://ws.example.org"],
  LOG_LEVEL: [optional(z.enum(LOG_LEVELS)), `one of ${LOG_LEVELS.join(", ")}`],
} as const satisfies Record<string, readonly [z.ZodType, string]>;
/** Names that the build and the tests give a meaning to. */
const OF_OTHERS = /^PARLEY_(BUILD_ID|TEST_.+)$/;
type Name = keyof typeof SETTINGS;
type Value<N extends Name> = z.infer<(typeof SETTINGS)[N][0]>;

/** Reads and checks the environment. Returns the settings and the names that begin with PARLEY_ but mean nothing (typing errors).
 *  Throws SettingsError with one sentence about the first wrong value. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): { settings: Settings; unknown: string[] } {
  const get = <N extends Name>(name: N): Value<N> => {
    const [schema, wanted] = SETTINGS[name];
    const parsed = schema.safeParse(env[name]);
    if (!parsed.success) throw new SettingsError(`${name} must be ${wanted}.`);
    return parsed.data as Value<N>;
  };
  const url = get("PARLEY_URL");
  const [external, socketUrl] = [parseServiceAddress(get("PUSHER_URL") ?? ""), get("PUSHER_PUBLIC_URL")];
  const settings: Settings = {
    port: get("PORT") ?? 3000,
    host: get("HOST") ?? "127.0.0.1",
    publicUrl: url === undefined ? null : new URL(url),
    dataDirectory: path.resolve(get("PARLEY_DATA") ?? ".parley"),
    databaseUrl: get("DATABASE_URL"),
    registration: get("PARLEY_REGISTRATION") ?? "open",
    limitsFactor: get("PARLEY_LIMITS") ?? 1,
    metricsToken: get("PARLEY_METRICS_TOKEN") ?? null,
    unsafePostgres: get("PARLEY_UNSAFE_POSTGRES") === "1",
    authSecret: get("PARLEY_AUTH_SECRET"),
    realtime: { appId: get("PARLEY_REALTIME_APP_ID") ?? "1", key: get("PARLEY_REALTIME_KEY"), secret: get("PARLEY_REALTIME_SECRET") },
    externalRealtime: external && { ...external, publicUrl: new URL(socketUrl ?? socketOrigin(external)) },
    logLevel: get("LOG_LEVEL") ?? "info",
  };
  const unknown = Object.keys(env).filter((name) => name.startsWith("PARLEY_") && !(name in SETTINGS) && !OF_OTHERS.test(name));
  return { settings, unknown: unknown.sort() };
}

/** A service that takes calls and sockets at one address. */
function socketOrigin({ host, port, tls }: ExternalService): string {
  return `${tls ? "wss" : "ws"}://${host}${port === null ? "" : `:${port}`}`;
}
