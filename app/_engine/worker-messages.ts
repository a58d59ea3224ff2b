/** What passes between a page and its engine's worker. `id` joins a question to its answer, and a watch to its views. */
import type { Commands, ViewName } from "./door";

export type ToWorker =
  | { kind: "run"; id: number; name: keyof Commands; input: unknown }
  | { kind: "watch"; id: number; name: ViewName; args: unknown }
  | { kind: "unwatch"; id: number };

export type FromWorker =
  | { kind: "outcome"; id: number; outcome: unknown }
  /** The command threw: a fault, not an expected failure. */
  | { kind: "fault"; id: number; message: string }
  | { kind: "view"; id: number; view: unknown };
