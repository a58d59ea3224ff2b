/** Structured logs. Only the fields listed here can be written, so that no content, name, token or cookie ever is:
 *  the type refuses others at compile time, and whatever gets past it is dropped at run time. */
import { type DestinationStream, pino } from "pino";
import { AppError } from "./contract/errors";
import { type Settings, SettingsError } from "./settings";

const FIELD_TYPES = {
  requestId: "string",
  method: "string",
  /** Pattern of the route, without ids or query. */
  route: "string",
  status: "number",
  ms: "number",
  userId: "string",
  deviceId: "string",
  chatId: "string",
  seq: "number",
  count: "number",
  sizeBytes: "number",
  /** An error code of the contract, an SQLSTATE, or a close code. */
  code: "string",
  /** Why, in words of the program. */
  reason: "string",
  setting: "string",
  address: "string",
  port: "number",
} as const;
type FieldTypes = typeof FIELD_TYPES;

export type LogFields = { [Name in keyof FieldTypes]?: FieldTypes[Name] extends "number" ? number : string } & { err?: unknown };
type Log = (message: string, fields?: LogFields) => void;
export type Logger = { debug: Log; info: Log; warn: Log; error: Log };

const MAX_FIELD_LENGTH = 200;

/** What may be known of an error: name, code and where it arose. Messages of others can hold what was being worked on
 *  (JSON.parse quotes its input, Postgres the row), so only those written in this project are kept. */
function errorFields(err: unknown): Record<string, string> {
  if (!(err instanceof Error)) return { error: typeof err };
  const code = (err as { code?: unknown }).code;
  const at = err.stack?.indexOf(err.message) ?? -1;
  const frames = at < 0 ? [] : (err.stack?.slice(at + err.message.length).match(/^ {4}at .*$/gm) ?? []);
  return {
    error: err.name.slice(0, MAX_FIELD_LENGTH),
    ...(typeof code === "string" && /^[\w.-]{1,60}$/.test(code) && { errorCode: code }),
    ...((err instanceof AppError || err instanceof SettingsError) && { errorMessage: err.message }),
    ...(frames.length > 0 && { stack: frames.slice(0, 12).join("\n") }),
    ...(err.cause !== undefined && { cause: JSON.stringify(errorFields(err.cause)) }),
  };
}

function allowed(fields: LogFields): Record<string, string | number> {
  const kept: Record<string, string | number> = "err" in fields ? errorFields(fields.err) : {};
  for (const [name, type] of Object.entries(FIELD_TYPES)) {
    const value: unknown = fields[name as keyof FieldTypes];
    if (typeof value === "number" && type === "number") kept[name] = value;
    if (typeof value === "string" && type === "string") kept[name] = value.slice(0, MAX_FIELD_LENGTH);
  }
  return kept;
}

/** A logger that writes lines of JSON to `destination` (standard output unless given). */
export function createLogger(level: Settings["logLevel"], destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const out = destination ? pino(options, destination) : pino(options);
  const at = (name: "debug" | "info" | "warn" | "error"): Log => {
    return (message, fields = {}) => out[name](allowed(fields), message);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
