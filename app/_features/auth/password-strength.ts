/** How good a new password is. The estimator and its word lists are large: they are loaded when someone begins to type one. */
import { MIN_PASSWORD_LENGTH } from "@/server/contract/limits";

/** zxcvbn's score: how much work guessing takes, from 0 (none) to 4 (very much). */
export type Score = 0 | 1 | 2 | 3 | 4;
export type Strength = {
  level: "empty" | "short" | "weak" | "fair" | "good" | "strong";
  /** Of four. */
  bars: 0 | 1 | 2 | 3 | 4;
  /** Whether an account may be made with it. The server slows guessing down, so a fair password is enough. */
  acceptable: boolean;
};
/** Takes a password and words that must not help (the user name, the server's); returns its score. */
export type Estimator = (password: string, words: string[]) => Score;

/** zxcvbn grows slow with length, and it runs between two keys: only the beginning is looked at, which never flatters. */
const JUDGED_LENGTH = 40;

/** The verdict on a password. `score`: null while the estimator is not there; then only the length counts. */
export function judgePassword(password: string, score: Score | null): Strength {
  if (password === "") return { level: "empty", bars: 0, acceptable: false };
  if (password.length < MIN_PASSWORD_LENGTH) return { level: "short", bars: 1, acceptable: false };
  switch (score) {
    case null:
      return { level: "fair", bars: 2, acceptable: true };
    case 0:
    case 1:
      return { level: "weak", bars: 1, acceptable: false };
    case 2:
      return { level: "fair", bars: 2, acceptable: true };
    case 3:
      return { level: "good", bars: 3, acceptable: true };
    case 4:
      return { level: "strong", bars: 4, acceptable: true };
  }
}

/** Loads the estimator with general and English word lists. Throws if they can't be fetched. */
export async function loadEstimator(): Promise<Estimator> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import("@zxcvbn-ts/core"),
    import("@zxcvbn-ts/language-common"),
    import("@zxcvbn-ts/language-en"),
  ]);
  const zxcvbn = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    translations: english.translations,
  });
  return (password, words) => zxcvbn.check(password.slice(0, JUDGED_LENGTH), words).score;
}
