import { beforeAll, expect, test } from "vitest";
import { MIN_PASSWORD_LENGTH } from "@/server/contract/limits";
import { type Estimator, judgePassword, loadEstimator } from "./password-strength";

let estimate: Estimator;
beforeAll(async () => {
  estimate = await loadEstimator();
}, 30_000);
const verdict = (password: string, words: string[] = []) => judgePassword(password, estimate(password, words));

test("refuses what is too short, however strange it is", () => {
  expect(judgePassword("", 4)).toEqual({ level: "empty", bars: 0, acceptable: false });
  expect(verdict("x7#Qp!2z")).toMatchObject({ level: "short", acceptable: false });
  expect(judgePassword("y".repeat(MIN_PASSWORD_LENGTH - 1), null).acceptable).toBe(false);
});

test("refuses passwords that everybody tries", () => {
  for (const password of ["password1234", "1234567890", "qwertyuiop", "aaaaaaaaaaaa", "iloveyou123"])
    expect(verdict(password)).toMatchObject({ level: "weak", acceptable: false });
});

test("refuses the person's own name written twice", () => {
  expect(verdict("mara.okaforokafor", ["mara.okafor", "okafor"]).acceptable).toBe(false);
});

test("takes a few random words, and anything long and strange", () => {
  expect(verdict("lantern quay mitten soup").acceptable).toBe(true);
  expect(verdict("vT9#kk2-Lq0!zeR")).toEqual({ level: "strong", bars: 4, acceptable: true });
});

test("judges by length alone while the word lists are not there", () => {
  expect(judgePassword("y".repeat(MIN_PASSWORD_LENGTH), null).acceptable).toBe(true);
});

test("looks at the beginning of a very long password only", () => {
  const beginning = "lantern quay mitten soup vT9#kk2-Lq0!zeR";
  expect(estimate(beginning + "a".repeat(200), [])).toBe(estimate(beginning, []));
});
