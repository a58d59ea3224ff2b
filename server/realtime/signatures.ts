/** The application's signatures: HMAC-SHA256 under its secret. What is signed begins with a socket's id, so a signature is worth nothing on
 *  another socket; for a channel that is `socket_id:channel[:channel_data]`, for a sign-in `socket_id::user::user_data`. */
import { createHmac, timingSafeEqual } from "node:crypto";

export type Signatures = {
  /** Returns `key:hex`, as clients hand it back. */
  sign(text: string): string;
  /** Whether `auth` is that signature, in constant time. */
  verify(auth: string, text: string): boolean;
};

export function createSignatures({ key, secret }: { key: string; secret: string }): Signatures {
  const sign = (text: string) => `${key}:${createHmac("sha256", secret).update(text).digest("hex")}`;
  return { sign, verify: (auth, text) => isSameText(auth, sign(text)) };
}

/** In constant time for texts of one length. */
export function isSameText(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

export function channelText(socketId: string, channel: string, channelData?: string): string {
  return channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
}

export function signInText(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`;
}
