/** The HTTP API of the protocol, without HTTP: for the application that shares the secret. It reaches the sockets of this process. */
import { AppError } from "../../contract/errors";
import { isUserId, kindOfChannel } from "../channel-names";
import type { Channels } from "../channels";
import type { Connection } from "../connection";
import type { Members } from "../members";
import type { RealtimeMetrics } from "../observation";
import { type Attribute, parseAttributes, parseBatch, parseTrigger, type TriggeredEvent } from "./api-calls";
import { type ApiCall, isSignedBody, signedParameters } from "./api-signature";

/** `path` without its query; `readBody` is only called for a call that is signed. */
export type ApiRequest = ApiCall & { readBody(): Promise<Buffer> };
/** Returns the answer's body. Throws AppError "unauthorized" for all that is not signed with this application's id, key and secret,
 *  whatever it asks; then "bad_request", "too_large", "not_found". */
export type HttpApi = (request: ApiRequest) => Promise<unknown>;

type HttpApiDeps = {
  appId: string;
  key: string;
  secret: string;
  channels: Channels;
  members: Members;
  find: (socketId: string) => Connection | undefined;
  trigger: (channels: readonly string[], name: string, dataText: string, except: Connection | undefined) => void;
  endUser: (userId: string) => void;
  maxEventBytes: number;
  metrics: RealtimeMetrics;
  now: () => number;
};

export function createHttpApi(deps: HttpApiDeps): HttpApi {
  const { channels, members, maxEventBytes } = deps;

  function countsOf(channel: string, attributes: readonly Attribute[]) {
    const isPresence = kindOfChannel(channel) === "presence";
    return {
      ...(isPresence && attributes.includes("user_count") && { user_count: members.count(channel) }),
      ...(attributes.includes("subscription_count") && { subscription_count: channels.listeners(channel).size }),
    };
  }

  function trigger({ channels: names, name, data, socketId, attributes }: TriggeredEvent): Record<string, object> | undefined {
    deps.trigger(names, name, data, socketId === undefined ? undefined : deps.find(socketId));
    return attributes.length === 0 ? undefined : Object.fromEntries(names.map((channel) => [channel, countsOf(channel, attributes)]));
  }

  function listChannels({ filter_by_prefix: prefix = "", info }: Record<string, string>) {
    const attributes = parseAttributes(info);
    if (attributes.includes("user_count")) needPresence(prefix);
    const names = channels.names().filter((name) => kindOfChannel(name) !== "user" && name.startsWith(prefix));
    return { channels: Object.fromEntries(names.map((name) => [name, countsOf(name, attributes)])) };
  }

  function aboutChannel(channel: string, { info }: Record<string, string>) {
    const attributes = parseAttributes(info);
    if (attributes.includes("user_count")) needPresence(channel);
    return { occupied: channels.listeners(channel).size > 0, ...countsOf(channel, attributes) };
  }

  function listUsers(channel: string) {
    needPresence(channel);
    return { users: members.of(channel).map(({ id }) => ({ id })) };
  }

  const posted: Record<string, (body: unknown) => unknown> = {
    events(body) {
      const counts = trigger(parseTrigger(body, maxEventBytes));
      return counts === undefined ? {} : { channels: counts };
    },
    batch_events(body) {
      const counts = parseBatch(body, maxEventBytes).map((event) => Object.values(trigger(event) ?? {})[0] ?? {});
      return counts.some((count) => Object.keys(count).length > 0) ? { batch: counts } : {};
    },
  };

  function post(body: unknown, [noun = "", userId = "", verb, ...more]: string[]): unknown {
    if (Object.hasOwn(posted, noun) && userId === "" && verb === undefined) return posted[noun]?.(body);
    if (noun !== "users" || verb !== "terminate_connections" || more.length > 0 || !isUserId(userId)) throw unknownCall();
    deps.endUser(userId);
    return {};
  }

  function get(parameters: Record<string, string>, [noun, channel, what, ...more]: string[]): unknown {
    if (noun !== "channels" || more.length > 0) throw unknownCall();
    if (channel === undefined) return listChannels(parameters);
    if (kindOfChannel(channel) === undefined) throw new AppError("bad_request", "no channel's name", { reason: "channel" });
    if (what === undefined) return aboutChannel(channel, parameters);
    if (what !== "users") throw unknownCall();
    return listUsers(channel);
  }

  return async ({ readBody, ...call }) => {
    const [, apps, appId, ...names] = call.path.split("/");
    const parameters = signedParameters(call, deps, deps.now());
    if (apps !== "apps" || appId !== deps.appId || !parameters) throw refused(deps.metrics);
    const rest = names.map(unescapeName);
    if (call.method === "GET") return get(parameters, rest);
    if (call.method !== "POST") throw unknownCall();
    const body = await readBody();
    if (!isSignedBody(body, parameters)) throw refused(deps.metrics);
    return post(parseJson(body), rest);
  };
}

function needPresence(channel: string): void {
  if (!channel.startsWith("presence-")) throw new AppError("bad_request", "only presence channels have users", { reason: "channel" });
}

const unknownCall = () => new AppError("not_found", "no such call");

function refused(metrics: RealtimeMetrics): AppError {
  metrics.authRefusals("api");
  return new AppError("unauthorized", "the call is not signed");
}

function unescapeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AppError("bad_request", "the path is malformed", { reason: "path" });
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new AppError("bad_request", "the body is not JSON", { reason: "body" });
  }
}
