/** What clients say, read from untrusted text. Never throws: whatever makes no sense is a value too. */

export type ClientMessage =
  | { type: "ping" }
  | { type: "pong" }
  | { type: "subscribe"; channel: string; auth: string }
  | { type: "unsubscribe"; channel: string }
  /** `reason` is safe to send back: it holds nothing of what the client sent. */
  | { type: "refused"; reason: string };

const CHANNEL_NAME = /^[-\w=@,.;]{1,200}$/;

const refused = (reason: string): ClientMessage => ({ type: "refused", reason });

/** One text frame -> what the client wants. */
export function parseClientMessage(text: string): ClientMessage {
  const message = parseObject(text);
  if (!message) return refused("message is not a JSON object");
  const event = message.event;
  if (typeof event !== "string") return refused("message has no event");
  switch (event) {
    case "pusher:ping":
      return { type: "ping" };
    case "pusher:pong":
      return { type: "pong" };
    case "pusher:subscribe":
    case "pusher:unsubscribe":
      return parseSubscription(event, message.data);
    default:
      return refused(event.startsWith("client-") ? "client events are not enabled" : "unsupported event");
  }
}

function parseSubscription(event: "pusher:subscribe" | "pusher:unsubscribe", data: unknown): ClientMessage {
  // NOTE: pusher-js sends an object here, some other clients its JSON.
  const fields = typeof data === "string" ? parseObject(data) : asObject(data);
  if (!fields) return refused("data is not an object");
  const { channel, auth } = fields;
  if (typeof channel !== "string" || !CHANNEL_NAME.test(channel)) return refused("invalid channel name");
  if (event === "pusher:unsubscribe") return { type: "unsubscribe", channel };
  return { type: "subscribe", channel, auth: typeof auth === "string" ? auth : "" };
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
