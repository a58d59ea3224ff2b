"use client";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import { Dialog } from "../../_ui/dialog";
import { TextField } from "../../_ui/text-field";
import { chatPath, useEngine, useNavigate } from "../shell";
import { type FindProblem, findProblem, typedUsername, usernameProblem } from "./find-outcome";

/** Finds a person by their exact user name and opens the chat with them. */
export function NewChatDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("contacts");
  const formId = useId();
  const { name, change, problem, busy, submit } = useFinding(onClose);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const error = problem && ("username" in problem || "minutes" in problem ? t(problem.key, { ...problem }) : t(problem.key));
  return (
    <Dialog
      title={t("newChat")}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        <Button kind="primary" type="submit" form={formId} busy={busy}>
          {t("startChat")}
        </Button>
      }
    >
      <form id={formId} onSubmit={submit}>
        <TextField
          ref={input}
          label={t("username")}
          hint={t("usernameHint")}
          error={error}
          value={name}
          onChange={(event) => change(event.target.value)}
          autoCapitalize="none"
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          dir="ltr"
        />
      </form>
    </Dialog>
  );
}

function useFinding(onClose: () => void) {
  const commands = useEngine();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<FindProblem | null>(null);
  const [busy, setBusy] = useState(false);
  const find = async () => {
    const username = typedUsername(name);
    const wrong = usernameProblem(username);
    setProblem(wrong);
    if (wrong || busy) return;
    setBusy(true);
    const outcome = await commands.openChat({ username });
    setBusy(false);
    if (!outcome.ok) return setProblem(findProblem(username, outcome));
    onClose();
    navigate(chatPath(outcome.value.chatId));
  };
  return {
    name,
    problem,
    busy,
    change(typed: string) {
      setName(typed);
      setProblem(null);
    },
    submit(event: FormEvent) {
      event.preventDefault();
      void find();
    },
  };
}
