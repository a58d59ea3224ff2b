/** What the server says, as finished WebSocket frames: one frame is built once and written to any number of sockets. */
import type { Member } from "./members";

const TEXT_FRAME = 0x81;

/** Text -> one unmasked, unfragmented text frame. */
export function textFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const header = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + size);
  frame[0] = TEXT_FRAME;
  if (header === 2) frame[1] = size;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  frame.write(text, header);
  return frame;
}

// NOTE: the protocol carries `data` as a string that holds JSON, not as JSON.
const message = (event: string, data: unknown, channel?: string) =>
  textFrame(JSON.stringify({ event, channel, data: JSON.stringify(data) }));

export const PING = textFrame('{"event":"pusher:ping","data":"{}"}');
export const PONG = textFrame('{"event":"pusher:pong","data":"{}"}');

export function connectionEstablished(socketId: string, activityTimeoutMs: number): Buffer {
  return message("pusher:connection_established", { socket_id: socketId, activity_timeout: Math.ceil(activityTimeoutMs / 1000) });
}

export function subscriptionSucceeded(channel: string): Buffer {
  return message("pusher_internal:subscription_succeeded", {}, channel);
}

/** `type` is what pusher-js hands to handlers: AuthError or LimitReached. */
export function subscriptionError(channel: string, type: "AuthError" | "LimitReached", error: string): Buffer {
  return message("pusher:subscription_error", { type, error, status: type === "AuthError" ? 401 : 403 }, channel);
}

/** With everybody who is there, the new member too. */
export function presenceSucceeded(channel: string, members: readonly Member[]): Buffer {
  const ids = members.map(({ id }) => id);
  const hash = Object.fromEntries(members.map(({ id, info = null }) => [id, info]));
  return message("pusher_internal:subscription_succeeded", { presence: { count: ids.length, ids, hash } }, channel);
}

export function memberAdded(channel: string, { id, info }: Member): Buffer {
  return message("pusher_internal:member_added", { user_id: id, user_info: info }, channel);
}

export function memberRemoved(channel: string, id: string): Buffer {
  return message("pusher_internal:member_removed", { user_id: id }, channel);
}

export function signInSucceeded(userData: string): Buffer {
  return message("pusher:signin_success", { user_data: userData });
}

/** A complaint about one message that leaves the socket open. Like Pusher's own server it mostly has no code: codes are for closing. */
export function protocolError(reason: string, code: number | null = null): Buffer {
  return message("pusher:error", { code, message: reason });
}

/** `dataText` is the event's data, mostly JSON; escaping it once here serves every channel. */
export function eventFrames(name: string, dataText: string): (channel: string) => Buffer {
  const head = `{"event":${JSON.stringify(name)},"channel":`;
  const tail = `,"data":${JSON.stringify(dataText)}}`;
  return (channel) => textFrame(head + JSON.stringify(channel) + tail);
}

/** NOTE: the data of clients is passed on as it came, not as a string. `memberId` names the sender in presence channels. */
export function clientEvent(name: string, channel: string, dataJson: string, memberId: string | undefined): Buffer {
  const sender = memberId === undefined ? "" : `,"user_id":${JSON.stringify(memberId)}`;
  return textFrame(`{"event":${JSON.stringify(name)},"channel":${JSON.stringify(channel)},"data":${dataJson}${sender}}`);
}
