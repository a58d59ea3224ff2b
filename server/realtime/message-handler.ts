/** What a client's message does, and the answer it gets. */
import { assertNever } from "../contract/errors";
import type { Authorization } from "./authorization";
import type { Channels } from "./channels";
import { parseClientMessage } from "./client-messages";
import type { Connection } from "./connection";
import { PONG, protocolError, subscriptionError, subscriptionSucceeded } from "./server-frames";

type HandlerDeps = { channels: Channels; authorization: Authorization; maxChannelsPerSocket: number };

export function createMessageHandler({ channels, authorization, maxChannelsPerSocket }: HandlerDeps) {
  function subscribe(connection: Connection, channel: string, auth: string): Buffer {
    if (connection.channels.has(channel)) return protocolError(`Existing subscription to channel ${channel}`);
    if (connection.channels.size >= maxChannelsPerSocket) return subscriptionError(channel, "LimitReached", "too many channels");
    if (!authorization.admits(connection, channel, auth)) return subscriptionError(channel, "AuthError", "not authorised for this channel");
    channels.join(connection, channel);
    connection.hasSubscribed = true;
    return subscriptionSucceeded(channel);
  }

  /** Returns the frame to answer with, if any. */
  return function handleMessage(connection: Connection, text: string): Buffer | undefined {
    const message = parseClientMessage(text);
    switch (message.type) {
      case "ping":
        return PONG;
      case "pong":
        return undefined;
      case "subscribe":
        return subscribe(connection, message.channel, message.auth);
      case "unsubscribe":
        return channels.leave(connection, message.channel)
          ? undefined
          : protocolError(`No current subscription to channel ${message.channel}`);
      case "refused":
        return protocolError(message.reason);
      default:
        return assertNever(message);
    }
  };
}
