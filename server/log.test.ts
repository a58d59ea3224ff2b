import { expect, test } from "vitest";
import { AppError } from "./contract/errors";
import { createLogger, type LogFields } from "./log";

function capture() {
  const lines: string[] = [];
  return { log: createLogger("debug", { write: (line: string) => void lines.push(line) }), lines };
}

test("writes the fields of the list", () => {
  const { log, lines } = capture();
  log.info("entry stored", { chatId: "c", seq: 7, ms: 1.5 });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ msg: "entry stored", chatId: "c", seq: 7, ms: 1.5 });
});

test("drops every other field, and listed ones of another type", () => {
  const { log, lines } = capture();
  const smuggled = {
    text: "see you at eight",
    cookie: "parley_session=x",
    headers: { authorization: "x" },
    seq: "see you",
    route: { a: 1 },
  };
  log.info("stored", smuggled as unknown as LogFields);
  expect(Object.keys(JSON.parse(lines[0] ?? "")).sort()).toEqual(["level", "msg", "time"]);
});

test("cuts long values", () => {
  const { log, lines } = capture();
  log.info("request", { route: "x".repeat(10_000) });
  expect(lines[0]?.length).toBeLessThan(400);
});

test("of an error it keeps name, code and place, not the message", () => {
  const { log, lines } = capture();
  const error = (() => {
    try {
      return JSON.parse("see you at eight");
    } catch (cause) {
      return Object.assign(new Error("about to meet at eight\n    at eight", { cause }), { code: "22P02", detail: "Key (name)=(bob)" });
    }
  })();
  log.error("failed", { err: error });
  expect(lines[0]).not.toMatch(/eight|bob/);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ error: "Error", errorCode: "22P02", stack: expect.stringContaining("log.test.ts") });
  expect(lines[0]).toContain("SyntaxError");
});

test("keeps the message of our own errors", () => {
  const { log, lines } = capture();
  log.warn("refused", { err: new AppError("too_large", "entry body is over 64 kB") });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ errorCode: "too_large", errorMessage: "entry body is over 64 kB" });
});
