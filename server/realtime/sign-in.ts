/** Binding a socket to who it is. */
import type { Authorization } from "./authorization";
import { CLOSINGS, type Closing } from "./closings";
import type { Connection } from "./connection";
import type { RealtimeMetrics } from "./observation";
import { protocolError, signInSucceeded } from "./server-frames";
import type { Sockets } from "./sockets";

type SignInDeps = {
  sockets: Sockets;
  authorization: Authorization;
  drop: (connection: Connection, closing: Closing) => void;
  metrics: RealtimeMetrics;
  maxSocketsPerAccount: number;
};

export function createSignIn({ sockets, authorization, drop, metrics, maxSocketsPerAccount }: SignInDeps) {
  /** Returns the answer; undefined if the socket is closed instead. */
  return function signIn(connection: Connection, auth: string, userData: string): Buffer | undefined {
    const judged = authorization.judgeSignIn(connection, auth, userData);
    if (!judged.ok) {
      metrics.authRefusals("sign_in");
      drop(connection, judged.reason === "late" ? CLOSINGS.lateSignIn : CLOSINGS.unauthorized);
      return undefined;
    }
    const { user } = judged;
    if (connection.user) {
      return connection.user.id === user.id ? signInSucceeded(userData) : protocolError("the socket is signed in as somebody else");
    }
    // NOTE: the socket stays, unbound, until it is closed as unused: a close here would bring it back within a second, again and again.
    if (user.owner && sockets.ofAccount(user.owner.userId).size >= maxSocketsPerAccount) {
      metrics.authRefusals("sign_in");
      return protocolError("the account has too many sockets");
    }
    sockets.claim(connection, user);
    return signInSucceeded(userData);
  };
}
