/** What a client's message does, and the answer it gets. */
import { assertNever } from "../contract/errors";
import type { ClientEvents } from "./client-events";
import { type ClientMessage, parseClientMessage } from "./client-messages";
import type { Connection } from "./connection";
import type { RealtimeMetrics } from "./observation";
import { PONG, protocolError } from "./server-frames";
import type { Subscriptions } from "./subscriptions";

type HandlerDeps = {
  subscriptions: Subscriptions;
  signIn: (connection: Connection, auth: string, userData: string) => Buffer | undefined;
  clientEvents: ClientEvents;
  metrics: RealtimeMetrics;
};

export function createMessageHandler({ subscriptions, signIn, clientEvents, metrics }: HandlerDeps) {
  function answer(connection: Connection, message: ClientMessage): Buffer | undefined {
    switch (message.type) {
      case "ping":
        return PONG;
      case "pong":
        return undefined;
      case "sign_in":
        return signIn(connection, message.auth, message.userData);
      case "subscribe":
        return subscriptions.subscribe(connection, message);
      case "unsubscribe":
        return subscriptions.leave(connection, message.channel)
          ? undefined
          : protocolError(`No current subscription to channel ${message.channel}`);
      case "client_event":
        return clientEvents(connection, message);
      case "refused":
        return protocolError(message.reason);
      default:
        return assertNever(message);
    }
  }

  /** Returns the frame to answer with, if any. */
  return function handleMessage(connection: Connection, text: string): Buffer | undefined {
    const message = parseClientMessage(text);
    metrics.messagesReceived(message.type);
    return answer(connection, message);
  };
}
