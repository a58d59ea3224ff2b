import { expect, test } from "vitest";
import { USERNAME_PATTERN } from "@/server/contract/limits";
import { usernameProblem } from "./username-rules";

test("says what is wrong with a user name", () => {
  expect(usernameProblem("")).toBe("usernameEmpty");
  expect(usernameProblem("ma")).toBe("usernameLength");
  expect(usernameProblem("m".repeat(33))).toBe("usernameLength");
  expect(usernameProblem("mara okafor")).toBe("usernameLetters");
  expect(usernameProblem("mära")).toBe("usernameLetters");
});

test("finds no fault exactly where the server finds none", () => {
  for (const name of ["mara.okafor", "a_1", "...", "m".repeat(32), "M", "ma", "", "mara-o", "مارا"])
    expect(usernameProblem(name) === null).toBe(USERNAME_PATTERN.test(name));
});
