/** Where a request comes from. A proxy's word is taken only where one must be: this server speaks plain http, so with an https PARLEY_URL
 *  there is a proxy, and it is on this machine or its private network. */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import type { Settings } from "../settings";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

const PRIVATE = new BlockList();
PRIVATE.addSubnet("10.0.0.0", 8, "ipv4");
PRIVATE.addSubnet("172.16.0.0", 12, "ipv4");
PRIVATE.addSubnet("192.168.0.0", 16, "ipv4");
PRIVATE.addSubnet("fc00::", 7, "ipv6");

const UNKNOWN = "0.0.0.0";
/** Headers that only a proxy adds. */
const FORWARDING = /^(forwarded|via|x-real-ip|x-forwarded-.+|cf-.+|true-client-ip|fastly-client-ip|x-client-ip|x-cluster-client-ip)$/;

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** IPv4 in IPv6 (::ffff:1.2.3.4) as IPv4. */
function plain(address: string): string {
  const mapped = address.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(mapped) === 0 ? UNKNOWN : mapped;
}

function peerAddress(req: IncomingMessage): string {
  return plain(req.socket.remoteAddress ?? "");
}

/** The address of the client: the peer's, or what a trusted proxy added last to X-Forwarded-For. */
export function clientAddress(req: IncomingMessage, settings: Pick<Settings, "publicUrl">): string {
  const peer = peerAddress(req);
  if (settings.publicUrl?.protocol !== "https:" || !(isIn(LOOPBACK, peer) || isIn(PRIVATE, peer))) return peer;
  const forwarded = plain(
    String(req.headers["x-forwarded-for"] ?? "")
      .split(",")
      .at(-1)
      ?.trim() ?? "",
  );
  return forwarded === UNKNOWN ? peer : forwarded;
}

/** Whether the request was made on this machine, for this machine, with no proxy in between. */
export function isFromThisMachine(req: IncomingMessage): boolean {
  const host = (req.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  // NOTE: the name matters too. A web page whose own name was made to mean 127.0.0.1 (DNS rebinding) sends its name here.
  if (host !== "localhost" && !isIn(LOOPBACK, plain(host.replace(/^\[(.*)\]$/, "$1")))) return false;
  return isIn(LOOPBACK, peerAddress(req)) && !Object.keys(req.headers).some((name) => FORWARDING.test(name));
}
