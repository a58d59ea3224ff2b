/** Prisma as better-auth wants it: it calls every primary key `id`, our tables name theirs. */
import type { PrismaClient } from "./generated/prisma/client";

const KEY_OF = { user: "userId", session: "sessionId", credential: "credentialId" } as const;
type Model = keyof typeof KEY_OF;

/** Renames the key `id` at every depth of Prisma's arguments (where, data, select, AND …); values stay as they are. */
function renameIds(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((each) => renameIds(each, key));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name === "id" ? key : name, renameIds(each, key)]));
}

/** Adds `id` to a row, or to each row of a list. */
function withIds(result: unknown, key: string): unknown {
  if (Array.isArray(result)) return result.map((row) => withIds(row, key));
  if (typeof result !== "object" || result === null || !(key in result)) return result;
  return { ...result, id: (result as Record<string, unknown>)[key] };
}

type Operation = { args: unknown; query: (args: never) => Promise<unknown> };

/** A view of the same client in which users, sessions and credentials have an `id`. */
export function withGenericIds(prisma: PrismaClient) {
  const renaming = (model: Model) => ({
    async $allOperations({ args, query }: Operation) {
      const key = KEY_OF[model];
      return withIds(await query(renameIds(args, key) as never), key);
    },
  });
  return prisma.$extends({ query: { user: renaming("user"), session: renaming("session"), credential: renaming("credential") } });
}
