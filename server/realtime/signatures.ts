/** A private channel's signature: HMAC-SHA256 of `socket_id:channel` under the application's secret, so it is worth nothing
 *  on another socket or for another channel. */
import { createHmac, timingSafeEqual } from "node:crypto";

export type Signatures = {
  /** Returns `key:hex`, as the client hands it back when it subscribes. */
  sign(socketId: string, channel: string): string;
  /** Whether `auth` is that signature, in constant time. */
  verify(auth: string, socketId: string, channel: string): boolean;
};

export function createSignatures({ key, secret }: { key: string; secret: string }): Signatures {
  const sign = (socketId: string, channel: string) =>
    `${key}:${createHmac("sha256", secret).update(`${socketId}:${channel}`).digest("hex")}`;
  return {
    sign,
    verify(auth, socketId, channel) {
      const expected = Buffer.from(sign(socketId, channel));
      const given = Buffer.from(auth);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
