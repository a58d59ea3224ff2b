/** Who is in which presence channel. A member is a user, however many sockets that user has there. */

export type Member = { id: string; info: unknown };

export type Members = ReturnType<typeof createMembers>;

type Place = { info: unknown; sockets: number };

const NONE: ReadonlyMap<string, Place> = new Map();

export function createMembers() {
  const byChannel = new Map<string, Map<string, Place>>();
  return {
    /** One more socket of the member. Returns whether the member is new in the channel. */
    enter(channel: string, { id, info }: Member): boolean {
      const places = byChannel.get(channel) ?? new Map<string, Place>();
      byChannel.set(channel, places);
      const place = places.get(id);
      if (place) place.sockets++;
      else places.set(id, { info, sockets: 1 });
      return place === undefined;
    },
    /** One socket of the member less. Returns whether the member is gone. */
    exit(channel: string, id: string): boolean {
      const places = byChannel.get(channel);
      const place = places?.get(id);
      if (!places || !place || --place.sockets > 0) return false;
      places.delete(id);
      if (places.size === 0) byChannel.delete(channel);
      return true;
    },
    has: (channel: string, id: string): boolean => byChannel.get(channel)?.has(id) === true,
    count: (channel: string): number => (byChannel.get(channel) ?? NONE).size,
    of: (channel: string): Member[] => [...(byChannel.get(channel) ?? NONE)].map(([id, { info }]) => ({ id, info })),
  };
}

/** `{"user_id", "user_info"}` as it is signed with a subscription. Undefined if it is not that. */
export function parseMember(channelData: string): Member | undefined {
  try {
    const { user_id: id, user_info: info } = JSON.parse(channelData) as { user_id?: unknown; user_info?: unknown };
    // NOTE: some server libraries sign numbers.
    if (typeof id === "string" || typeof id === "number") return { id: String(id), info };
  } catch {}
  return undefined;
}
