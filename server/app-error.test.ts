import pg from "pg";
import { expect, test } from "vitest";
import { toAppError } from "./app-error";
import { AppError } from "./contract/errors";
import { createDatabase } from "./database";
import { createLogger } from "./log";

test("our own errors stay what they are", () => {
  const error = new AppError("not_member", "not a member");
  expect(toAppError(error)).toBe(error);
});

test("every way of not reaching the database is unavailable", async () => {
  const database = createDatabase({ url: "postgresql://nobody:x@127.0.0.1:9/nothing", log: createLogger("silent") });
  const refused: unknown = await database.pool.query("SELECT 1").catch((error: unknown) => error);
  const refusedByPrisma: unknown = await database.prisma.user.findFirst().catch((error: unknown) => error);
  await database.close();
  const closed: unknown = await database.pool.query("SELECT 1").catch((error: unknown) => error);
  for (const error of [refused, refusedByPrisma, closed]) expect(toAppError(error).code).toBe("unavailable");
});

test.each(["08006", "08P01", "57P01", "57P03", "53300", "40P01", "55P03", "57014"])("SQLSTATE %s is unavailable", (code) => {
  expect(toAppError(Object.assign(new pg.DatabaseError("gone", 1, "error"), { code })).code).toBe("unavailable");
});

test("everything else is internal, and says nothing of what it was", () => {
  const faults = [
    new TypeError("x is not a function"),
    Object.assign(new Error("duplicate key (bob)"), { code: "23505" }),
    "text",
    null,
    { code: 7 },
  ];
  for (const fault of faults) expect(toAppError(fault)).toMatchObject({ code: "internal", message: "unexpected error" });
});
