"use client";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import type { Commands } from "@/engine";
import { useEngine, useFailureText, useServerName } from "../shell";
import type { Strength } from "./password-strength";
import { type Form, type Problems, useForm } from "./use-form";
import { usePasswordStrength } from "./use-password-strength";
import { usernameProblem } from "./username-rules";

type Field = "username" | "password" | "invite";
type Failure = Extract<Awaited<ReturnType<Commands["signUp"]>>, { ok: false }>;

export type SignUp = {
  form: Form<Field>;
  values: Record<Field, string>;
  set: (field: Field, value: string) => void;
  strength: Strength;
  submit: Form<Field>["submit"] extends (work: never) => infer Handler ? Handler : never;
  busy: boolean;
  /** The account is made; the page leaves when the engine says so. */
  done: boolean;
};

const NO_VALUES: Record<Field, string> = { username: "", password: "", invite: "" };

/** What was typed, what is wrong with it, and sending it. */
export function useSignUp(): SignUp {
  const t = useTranslations("auth");
  const engine = useEngine();
  const failureText = useFailureText();
  const form = useForm<Field>();
  const [values, setValues] = useState(NO_VALUES);
  const [done, setDone] = useState(false);
  const { strength, judge } = usePasswordStrength(values.password, [values.username, useServerName()]);

  useEffect(() => {
    const invite = new URLSearchParams(location.search).get("invite");
    if (invite) setValues((before) => ({ ...before, invite }));
  }, []);

  const localProblems = async (): Promise<Problems<Field> | null> => {
    const username = usernameProblem(values.username);
    const verdict = await judge();
    if (!username && verdict.acceptable) return null;
    const password = verdict.acceptable ? undefined : t(verdict.level === "weak" ? "passwordWeak" : "passwordShort");
    return { fields: { username: username ? t(username) : undefined, password } };
  };
  const serverProblems = (failure: Failure): Problems<Field> => {
    if (failure.code === "username_taken") return { fields: { username: t("usernameTaken") } };
    if (failure.code === "forbidden" && failure.reason === "invite")
      return { fields: { invite: t(values.invite ? "inviteUsed" : "inviteMissing") } };
    if (failure.code === "forbidden" && failure.reason === "closed") return { form: t("closedNow") };
    return { form: failureText(failure) };
  };
  const send = async () => {
    const wrong = await localProblems();
    if (wrong) return wrong;
    const { username, password, invite } = values;
    const outcome = await engine.signUp({ username, password, ...(invite && { invite: invite.trim() }) });
    if (!outcome.ok) return serverProblems(outcome);
    setDone(true);
    return null;
  };
  const set = (field: Field, value: string) => {
    setValues((before) => ({ ...before, [field]: value }));
    form.clear(field);
  };
  return { form, values, set, strength, submit: form.submit(send), busy: form.busy, done };
}
