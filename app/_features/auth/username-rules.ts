import { USERNAME_PATTERN } from "@/server/contract/limits";

/** What is wrong with a user name, as a key of the namespace "auth"; null if nothing is. */
export function usernameProblem(username: string): "usernameEmpty" | "usernameLetters" | "usernameLength" | null {
  if (username === "") return "usernameEmpty";
  if (/[^a-z0-9._]/.test(username)) return "usernameLetters";
  return USERNAME_PATTERN.test(username) ? null : "usernameLength";
}
