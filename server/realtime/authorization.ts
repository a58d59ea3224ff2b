/** Who may listen to what. The rule: an account channel is for that account's sessions, a public channel for everybody who
 *  knows its name, and there is no other channel. */
import { AppError } from "../contract/errors";
import { accountOfChannel } from "../contract/events";
import { type Connection, isOpen, type SocketOwner } from "./connection";
import type { EndedOwners } from "./ended-owners";
import type { Signatures } from "./signatures";
import type { Sockets } from "./sockets";

const SOCKET_ID = /^\d{1,20}\.\d{1,20}$/;

export type Authorization = ReturnType<typeof createAuthorization>;

type AuthorizationDeps = {
  sockets: Sockets;
  signatures: Signatures;
  ended: EndedOwners;
  isPublic: (channel: string) => boolean;
  maxSocketsPerAccount: number;
};

export function createAuthorization({ sockets, signatures, ended, isPublic, maxSocketsPerAccount }: AuthorizationDeps) {
  return {
    /** Signs `channel` for the socket and binds the socket to the owner's session. Returns `key:hex`.
     *  Throws AppError "bad_request" for malformed names and unknown sockets, "forbidden" for everything not the owner's. */
    authorize(socketId: string, channel: string, owner: SocketOwner): string {
      if (!SOCKET_ID.test(socketId)) throw new AppError("bad_request", "malformed socket id");
      const account = accountOfChannel(channel);
      if (account === undefined) throw new AppError("bad_request", "no such channel");
      if (account !== owner.userId) throw new AppError("forbidden", "another account's channel");
      if (ended.holds(owner)) throw new AppError("forbidden", "session ended");
      const connection = sockets.find(socketId);
      if (!connection || !isOpen(connection)) throw new AppError("bad_request", "no such socket");
      if (connection.owner && connection.owner.sessionId !== owner.sessionId) {
        throw new AppError("forbidden", "socket belongs to another session");
      }
      if (!connection.owner && sockets.ofAccount(owner.userId).size >= maxSocketsPerAccount) {
        throw new AppError("forbidden", "account has too many sockets");
      }
      sockets.claim(connection, owner);
      return signatures.sign(socketId, channel);
    },

    /** Whether the connection may subscribe with the signature it presents. */
    admits(connection: Connection, channel: string, auth: string): boolean {
      const account = accountOfChannel(channel);
      if (account === undefined) return isPublic(channel);
      return connection.owner?.userId === account && signatures.verify(auth, connection.socketId, channel);
    },
  };
}
