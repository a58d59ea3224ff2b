/** Bodies and questions of the HTTP API, with the limits of Pusher Channels. */
import { z } from "zod";
import { AppError } from "../../contract/errors";
import { isSocketId, kindOfChannel } from "../channel-names";

const MAX_CHANNELS = 100;
const MAX_BATCH = 10;
const ATTRIBUTES = ["user_count", "subscription_count"] as const;

export type Attribute = (typeof ATTRIBUTES)[number];

const Channel = z.string().refine((name) => kindOfChannel(name) !== undefined);
// NOTE: names of the protocol itself would make clients believe that a member came or a subscription succeeded.
const EventName = z.string().regex(/^(?!pusher(_internal)?:)[^\p{Cc}]{1,200}$/u);
const About = { name: EventName, data: z.string(), socket_id: z.string().refine(isSocketId).optional(), info: z.string().optional() };

const Trigger = z
  .object({ ...About, channels: z.array(Channel).min(1).max(MAX_CHANNELS).optional(), channel: Channel.optional() })
  .refine(({ channels, channel }) => (channels === undefined) !== (channel === undefined));
const Batch = z.object({
  batch: z
    .array(z.object({ ...About, channel: Channel }))
    .min(1)
    .max(MAX_BATCH),
});

export type TriggeredEvent = { channels: string[]; name: string; data: string; socketId: string | undefined; attributes: Attribute[] };

/** Throws AppError "bad_request" for a body that is none of an event, "too_large" if its data is over `maxEventBytes`. */
export function parseTrigger(body: unknown, maxEventBytes: number): TriggeredEvent {
  const { channels, channel, ...about } = parse(Trigger, body);
  return toEvent(channels ?? (channel === undefined ? [] : [channel]), about, maxEventBytes);
}

/** Throws as parseTrigger does. */
export function parseBatch(body: unknown, maxEventBytes: number): TriggeredEvent[] {
  return parse(Batch, body).batch.map(({ channel, ...about }) => toEvent([channel], about, maxEventBytes));
}

type AboutEvent = { name: string; data: string; socket_id?: string | undefined; info?: string | undefined };

function toEvent(channels: string[], { name, data, socket_id: socketId, info }: AboutEvent, maxEventBytes: number): TriggeredEvent {
  if (Buffer.byteLength(data) > maxEventBytes) throw new AppError("too_large", "the event's data is too large");
  return { channels, name, data, socketId, attributes: parseAttributes(info) };
}

/** "user_count,subscription_count" -> what is asked for. Throws AppError "bad_request" for other attributes. */
export function parseAttributes(info: string | undefined): Attribute[] {
  return (info ?? "").split(",").flatMap((name) => {
    if (name === "") return [];
    const known = ATTRIBUTES.find((attribute) => attribute === name);
    if (known === undefined) throw new AppError("bad_request", "unknown attribute", { reason: "info" });
    return [known];
  });
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map(({ path }) => path.join(".") || "body").slice(0, 10);
  throw new AppError("bad_request", "the body does not fit the call", { reason: paths.join(", ") });
}
