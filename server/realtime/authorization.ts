/** What sockets are signed for, and what a signature lets them do. The rules: an account channel needs a socket that signed in as that
 *  account, a person's presence and a chat's typing one that signed in, and the signature; any other private or presence channel needs the signature; a user's channel the sign-in; a public one nothing. */
import { AppError } from "../contract/errors";
import { accountOfChannel } from "../contract/events";
import { accountOfPresenceChannel, chatOfChannel } from "../contract/presence";
import { isSocketId, kindOfChannel, userChannel } from "./channel-names";
import type { Connection, SocketOwner, SocketUser } from "./connection";
import type { EndedOwners } from "./ended-owners";
import { channelText, type Signatures, signInText } from "./signatures";
import { encodeUserData, parseUserData } from "./user-data";

export type Authorization = ReturnType<typeof createAuthorization>;

/** As the stock client hands it back. */
export type SignedUser = { auth: string; userData: string };

type JudgedSignIn =
  | { ok: true; user: SocketUser }
  /** Not signed by this application, no user's data, or of a session that has ended: final. */
  | { ok: false; reason: "invalid" }
  /** Good once, but used too late: a new socket may ask again. */
  | { ok: false; reason: "late" };

type AuthorizationDeps = { signatures: Signatures; ended: EndedOwners; now: () => number };

export function createAuthorization({ signatures, ended, now }: AuthorizationDeps) {
  return {
    /** Lets the socket, which any process may hold, sign in as the owner's session, within a minute.
     *  Throws AppError "bad_request" for malformed socket ids, "forbidden" if the session has just ended. */
    signIn(socketId: string, owner: SocketOwner): SignedUser {
      if (!isSocketId(socketId)) throw new AppError("bad_request", "malformed socket id");
      if (ended.holds(owner)) throw new AppError("forbidden", "session ended");
      const userData = encodeUserData(owner, now());
      return { auth: signatures.sign(signInText(socketId, userData)), userData };
    },

    /** Signs a private channel for the socket, which any process may hold. Whether its owner may listen is for the caller to know.
     *  Returns `key:hex`. Throws AppError "bad_request" for malformed socket ids and names that are no private channel's. */
    authorize(socketId: string, channel: string): string {
      if (!isSocketId(socketId)) throw new AppError("bad_request", "malformed socket id");
      if (kindOfChannel(channel) !== "private") throw new AppError("bad_request", "no private channel");
      return signatures.sign(channelText(socketId, channel));
    },

    /** Who the socket is, by the signed data it presents. */
    judgeSignIn(connection: Connection, auth: string, userData: string): JudgedSignIn {
      if (!signatures.verify(auth, signInText(connection.socketId, userData))) return { ok: false, reason: "invalid" };
      const signIn = parseUserData(userData);
      if (signIn === undefined) return { ok: false, reason: "invalid" };
      const { id, info, session } = signIn;
      if (session && ended.holds(session.owner)) return { ok: false, reason: "invalid" };
      if (session && now() > session.untilMs) return { ok: false, reason: "late" };
      return { ok: true, user: { id, info, owner: session?.owner } };
    },

    /** Whether the connection may listen, with the signature it presents. */
    admits({ socketId, user }: Connection, channel: string, auth: string, channelData: string | undefined): boolean {
      const kind = kindOfChannel(channel);
      if (kind === "public") return true;
      if (kind === "user") return user !== undefined && channel === userChannel(user.id);
      const account = accountOfChannel(channel);
      if (account !== undefined && user?.owner?.userId !== account) return false;
      // What ends with a session must be on a socket that ends with it.
      if ((accountOfPresenceChannel(channel) ?? chatOfChannel(channel)) !== undefined && !user?.owner) return false;
      return signatures.verify(auth, channelText(socketId, channel, channelData));
    },
  };
}
