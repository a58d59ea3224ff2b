import { describe, expect, it } from "vitest";
import { findProblem, typedUsername, usernameProblem } from "./find-outcome";

describe("finding a person", () => {
  it("takes the name as people write it", () => {
    expect(typedUsername("  @Ana.Ribeiro ")).toBe("ana.ribeiro");
  });

  it("asks nobody for a name that can't exist", () => {
    expect(usernameProblem("ana")).toBeNull();
    for (const name of ["", "ab", "ana ribeiro", "آنا", "a".repeat(33)]) expect(usernameProblem(name)).toEqual({ key: "badUsername" });
  });

  it("says who was not found, how long to wait, and when nothing answered", () => {
    expect(findProblem("ana", { ok: false, code: "not_found" })).toEqual({ key: "notFound", username: "ana" });
    expect(findProblem("ana", { ok: false, code: "rate_limited", retryAfterMs: 61_000 })).toEqual({ key: "rateLimited", minutes: 2 });
    expect(findProblem("ana", { ok: false, code: "rate_limited" })).toEqual({ key: "rateLimited", minutes: 1 });
    expect(findProblem("ana", { ok: false, code: "offline" })).toEqual({ key: "offline" });
    expect(findProblem("ana", { ok: false, code: "unavailable" })).toEqual({ key: "offline" });
    expect(findProblem("ana", { ok: false, code: "internal" })).toEqual({ key: "failed" });
  });
});
