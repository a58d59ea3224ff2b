/** What clients say, read from untrusted text. Never throws: whatever makes no sense is a value too. */
import { kindOfChannel } from "./channel-names";

export type ClientMessage =
  | { type: "ping" }
  | { type: "pong" }
  | { type: "sign_in"; auth: string; userData: string }
  | { type: "subscribe"; channel: string; auth: string; channelData: string | undefined }
  | { type: "unsubscribe"; channel: string }
  /** For the others in the channel; `data` is whatever JSON the client put there. */
  | { type: "client_event"; name: string; channel: string; data: unknown }
  /** `reason` is safe to send back: it holds nothing of what the client sent. */
  | { type: "refused"; reason: string };

const MAX_EVENT_NAME = 200;

const refused = (reason: string): ClientMessage => ({ type: "refused", reason });

/** One text frame -> what the client wants. */
export function parseClientMessage(text: string): ClientMessage {
  const message = parseObject(text);
  if (!message) return refused("message is not a JSON object");
  const { event } = message;
  if (typeof event !== "string") return refused("message has no event");
  switch (event) {
    case "pusher:ping":
      return { type: "ping" };
    case "pusher:pong":
      return { type: "pong" };
    case "pusher:signin":
      return parseSignIn(message.data);
    case "pusher:subscribe":
    case "pusher:unsubscribe":
      return parseSubscription(event, message.data);
    default:
      return event.startsWith("client-") ? parseClientEvent(event, message) : refused("unsupported event");
  }
}

function parseSignIn(data: unknown): ClientMessage {
  const { auth, user_data: userData } = fieldsOf(data) ?? {};
  if (typeof auth !== "string" || typeof userData !== "string") return refused("sign-in is not complete");
  return { type: "sign_in", auth, userData };
}

function parseSubscription(event: "pusher:subscribe" | "pusher:unsubscribe", data: unknown): ClientMessage {
  const fields = fieldsOf(data);
  if (!fields) return refused("data is not an object");
  const { channel, auth, channel_data: channelData } = fields;
  if (typeof channel !== "string" || kindOfChannel(channel) === undefined) return refused("invalid channel name");
  if (event === "pusher:unsubscribe") return { type: "unsubscribe", channel };
  const signed = typeof channelData === "string" ? channelData : undefined;
  return { type: "subscribe", channel, auth: typeof auth === "string" ? auth : "", channelData: signed };
}

function parseClientEvent(name: string, { channel, data = null }: Record<string, unknown>): ClientMessage {
  if (name.length > MAX_EVENT_NAME) return refused("the event's name is too long");
  if (typeof channel !== "string" || kindOfChannel(channel) === undefined) return refused("invalid channel name");
  return { type: "client_event", name, channel, data };
}

/** NOTE: pusher-js sends an object as data, some other clients its JSON. */
function fieldsOf(data: unknown): Record<string, unknown> | undefined {
  return typeof data === "string" ? parseObject(data) : asObject(data);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
