/** Joining and leaving channels, and what the members of presence channels are told of it. */
import type { Authorization } from "./authorization";
import { isUserId, kindOfChannel } from "./channel-names";
import type { Channels } from "./channels";
import type { Connection } from "./connection";
import { type Member, type Members, parseMember } from "./members";
import type { RealtimeMetrics } from "./observation";
import type { RealtimeLimits } from "./realtime-limits";
import { memberAdded, memberRemoved, presenceSucceeded, protocolError, subscriptionError, subscriptionSucceeded } from "./server-frames";

export type Subscription = { channel: string; auth: string; channelData: string | undefined };
export type Subscriptions = ReturnType<typeof createSubscriptions>;

type SubscriptionsDeps = {
  channels: Channels;
  members: Members;
  authorization: Authorization;
  /** Writes the frame to everybody in the channel but `except`. */
  tell: (channel: string, frame: Buffer, except: Connection) => void;
  limits: RealtimeLimits;
  metrics: RealtimeMetrics;
};

export function createSubscriptions({ channels, members, authorization, tell, limits, metrics }: SubscriptionsDeps) {
  function join(connection: Connection, channel: string, member: Member | undefined): Buffer {
    channels.join(connection, channel, member?.id);
    connection.hasSubscribed = true;
    if (member === undefined) return subscriptionSucceeded(channel);
    if (members.enter(channel, member)) tell(channel, memberAdded(channel, member), connection);
    return presenceSucceeded(channel, members.of(channel));
  }

  function refuse(channel: string, type: "AuthError" | "LimitReached", error: string): Buffer {
    metrics.authRefusals("subscription");
    return subscriptionError(channel, type, error);
  }

  /** Why the member can't enter, if so. */
  function memberProblem(channel: string, member: Member | undefined): string | undefined {
    if (member === undefined || !isUserId(member.id)) return "no member is named";
    if (member.id.length > limits.maxMemberIdLength) return "the member's id is too long";
    if (Buffer.byteLength(JSON.stringify(member.info) ?? "") > limits.maxMemberInfoBytes) return "the member's info is too large";
    if (!members.has(channel, member.id) && members.count(channel) >= limits.maxMembers) return "too many members";
    return undefined;
  }

  function leave(connection: Connection, channel: string): boolean {
    const memberId = connection.channels.get(channel);
    if (!channels.leave(connection, channel)) return false;
    if (memberId !== undefined && members.exit(channel, memberId)) tell(channel, memberRemoved(channel, memberId), connection);
    return true;
  }

  return {
    /** Returns the answer. */
    subscribe(connection: Connection, { channel, auth, channelData }: Subscription): Buffer {
      if (connection.channels.has(channel)) return protocolError(`Existing subscription to channel ${channel}`);
      const most = connection.user ? limits.maxChannelsPerSocket : limits.maxChannelsUnclaimed;
      if (connection.channels.size >= most) return refuse(channel, "LimitReached", "too many channels");
      if (!authorization.admits(connection, channel, auth, channelData))
        return refuse(channel, "AuthError", "not authorised for this channel");
      if (kindOfChannel(channel) !== "presence") return join(connection, channel, undefined);
      const member = channelData === undefined ? connection.user : parseMember(channelData);
      const problem = memberProblem(channel, member);
      return problem === undefined ? join(connection, channel, member) : refuse(channel, "LimitReached", problem);
    },
    /** Returns whether the connection was listening. */
    leave,
    leaveAll(connection: Connection): void {
      for (const channel of connection.channels.keys()) leave(connection, channel);
    },
  };
}
