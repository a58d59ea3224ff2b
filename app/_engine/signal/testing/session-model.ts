/** What a device must be able to open, told without any key: sessions, chains and ratchet pairs are names. The schedules compare it with
 *  what the real device does. */
import { MAX_ARCHIVED_SESSIONS, MAX_RECEIVING_CHAINS } from "../session-state";

/** What everybody can see of a message, with the names of what it was made in. */
export type Message = {
  readonly text: string;
  /** The initiator's base key. */
  readonly session: string;
  /** The sender's ratchet key. */
  readonly chain: string;
  /** The receiver's ratchet key that the chain was made for. */
  readonly answers: string;
  readonly counter: number;
  /** Of first messages: the prekeys that they name. */
  readonly prekeys: readonly PrekeyName[] | null;
};
export type PrekeyName = `${"signed" | "oneTime" | "kemOneTime" | "kemLastResort"} ${number}`;

type Chain = { readonly name: string; next: number; readonly missing: Set<number> };
type Session = {
  readonly name: string;
  readonly isInitiator: boolean;
  isReadOnly: boolean;
  /** Whether the peer was heard in it: until then, the initiator sends first messages. */
  isAnswered: boolean;
  /** Our ratchet pair that the peer may answer. */
  own: string | null;
  chains: Chain[];
};
/** Most recently used first. */
type Peer = { hasCurrent: boolean; sessions: Session[] };
/** All that a device remembers: copied for a backup. */
export type Memory = { peers: Map<string, Peer>; opened: Set<string>; accepted: Set<string>; prekeys: Set<PrekeyName> };

export function emptyMemory(): Memory {
  return { peers: new Map(), opened: new Set(), accepted: new Set(), prekeys: new Set() };
}

function peerIn(memory: Memory, name: string): Peer {
  const peer = memory.peers.get(name) ?? { hasCurrent: false, sessions: [] };
  memory.peers.set(name, peer);
  return peer;
}

/** The session that the next message would be encrypted in. */
export function currentIn(memory: Memory, name: string): Session | null {
  const { hasCurrent, sessions } = peerIn(memory, name);
  return (hasCurrent && sessions[0]) || null;
}

export function archiveAll(memory: Memory, name: string): void {
  const peer = peerIn(memory, name);
  peer.hasCurrent = false;
  peer.sessions = peer.sessions.slice(0, MAX_ARCHIVED_SESSIONS);
  for (const session of peer.sessions) session.isReadOnly = true;
}

export function noteStarted(memory: Memory, name: string, session: string): void {
  putFirst(peerIn(memory, name), { name: session, isInitiator: true, isReadOnly: false, isAnswered: false, own: null, chains: [] });
}

/** Returns why the message can't have been made in this state, or null. */
export function noteSent(memory: Memory, name: string, message: Message): string | null {
  const session = currentIn(memory, name);
  if (session?.name !== message.session) return "not in the current session";
  if (session.own !== null && session.own !== message.chain) return "a new ratchet pair before the old one was answered";
  if ((message.prekeys !== null) !== (session.isInitiator && !session.isAnswered)) return "wrong kind of message";
  session.own = message.chain;
  return null;
}

/** The text, or the reason in angle brackets. Moves the memory on when it opens. */
export function noteReceived(memory: Memory, name: string, message: Message): string {
  const peer = peerIn(memory, name);
  const session = peer.sessions.find((one) => one.name === message.session);
  if (message.prekeys !== null && session === undefined) return accept(memory, peer, message, message.prekeys);
  if (peer.sessions.length === 0) return "<no_session>";
  const refusal = session === undefined ? "<bad_mac>" : openIn(session, message);
  if (refusal !== null || session === undefined) return refusal ?? "";
  session.isAnswered = true;
  if (!session.isReadOnly) putFirst(peer, session);
  else stepBack(peer);
  memory.opened.add(message.text);
  return message.text;
}

/** The peer wrote in a session that can't be answered. If it knows the current one, that is no good either. */
function stepBack(peer: Peer): void {
  const [current] = peer.sessions;
  if (!peer.hasCurrent || current === undefined || (current.isInitiator && !current.isAnswered)) return;
  peer.hasCurrent = false;
  peer.sessions = peer.sessions.slice(0, MAX_ARCHIVED_SESSIONS);
}

function accept(memory: Memory, peer: Peer, message: Message, prekeys: readonly PrekeyName[]): string {
  if (!prekeys.every((prekey) => memory.prekeys.has(prekey))) return "<unknown_prekey>";
  if (memory.accepted.has(message.session)) return "<replayed_first_message>";
  const session: Session = {
    name: message.session,
    isInitiator: false,
    isReadOnly: false,
    isAnswered: true,
    own: message.answers,
    chains: [],
  };
  openIn(session, message);
  putFirst(peer, session);
  memory.accepted.add(message.session);
  for (const prekey of prekeys) if (/^(oneTime|kemOneTime) /.test(prekey)) memory.prekeys.delete(prekey);
  memory.opened.add(message.text);
  return message.text;
}

function openIn(session: Session, { chain: name, answers, counter }: Message): string | null {
  let chain = session.chains.find((one) => one.name === name);
  if (chain === undefined) {
    if (session.own !== answers) return "<bad_mac>";
    chain = { name, next: 0, missing: new Set() };
    session.chains = [...session.chains, chain].slice(-MAX_RECEIVING_CHAINS);
    session.own = null;
  }
  if (counter < chain.next) return chain.missing.delete(counter) ? null : "<duplicate>";
  for (; chain.next < counter; chain.next++) chain.missing.add(chain.next);
  chain.next++;
  return null;
}

function putFirst(peer: Peer, session: Session): void {
  const others = peer.sessions.filter((one) => one !== session);
  peer.sessions = [session, ...others.slice(0, MAX_ARCHIVED_SESSIONS)];
  peer.hasCurrent = true;
}
