"use client";
import { SendHorizontal } from "lucide-react";
import { type KeyboardEvent, memo, type RefObject, useEffect, useId, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import type { FailureCode } from "@/engine";
import type { ChatId } from "@/server/contract/ids";
import { MAX_TEXT_BYTES } from "@/server/contract/limits";
import { directionOfInput } from "../../_ui/direction-of-input";
import { useEngine, useFrameWidth, usePreferences } from "../shell";
import { composedText, isSendKey, textSize } from "./composed-text";
import { useFailureWords } from "./failure-words";
import { HeldCard } from "./held-card";
import { useDraft } from "./use-draft";
import { useTextareaHeight } from "./use-textarea-height";
import { useTyping } from "./use-typing";

export type ComposerProps = {
  chatId: ChatId;
  name: string;
  /** The stored draft, read once: what is typed wins over it. */
  draft: string;
  /** The contact's keys changed and nobody looked at that yet: nothing is sent. */
  held: boolean;
  onSend: () => void;
  onCheck: () => void;
};

/** Where a message is written. Never emptied by anything but sending. */
export const Composer = memo(function Composer({ chatId, name, draft, held, onSend, onCheck }: ComposerProps) {
  const t = useTranslations("messages");
  const noteId = useId();
  const { preferences } = usePreferences();
  const { box, card, text, change, size, problem, send, sendAnyway } = useSending({ chatId, name, draft, held, onSend });
  useTextareaHeight(box, text);
  useFocusOnOpen(box);
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const { isComposing } = event.nativeEvent;
    const { key, shiftKey, ctrlKey, metaKey, altKey, keyCode } = event;
    if (!isSendKey({ key, shiftKey, ctrlKey, metaKey, altKey, isComposing, keyCode }, preferences.enterSends ? "send" : "newline")) return;
    event.preventDefault();
    send();
  };
  const note = size.over
    ? t("sizeOver", { used: size.bytes, limit: MAX_TEXT_BYTES })
    : (problem ?? (size.near ? t("sizeLeft", { used: size.bytes, limit: MAX_TEXT_BYTES }) : null));
  return (
    <div className="composer">
      {held && <HeldCard ref={card} name={name} onCheck={onCheck} onSendAnyway={sendAnyway} />}
      <form
        className="composer-box"
        aria-label={t("composer")}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <div className="composer-line">
          <textarea
            ref={box}
            rows={1}
            dir={directionOfInput(text)}
            aria-label={t("message")}
            placeholder={t("message")}
            aria-invalid={size.over || undefined}
            aria-describedby={note ? noteId : undefined}
            enterKeyHint={preferences.enterSends ? "send" : "enter"}
            value={text}
            onChange={(event) => change(event.target.value)}
            onKeyDown={press}
          />
          <button
            type="submit"
            className="send-button"
            aria-label={t("send")}
            title={t("send")}
            aria-disabled={composedText(text) === "" || size.over || undefined}
            // Focus and the on-screen keyboard stay with the text.
            onPointerDown={(event) => event.preventDefault()}
          >
            <SendHorizontal className="icon flip" aria-hidden="true" />
          </button>
        </div>
        {note && (
          <p id={noteId} className="composer-note" data-over={size.over || problem ? "" : undefined} role={problem ? "alert" : undefined}>
            {note}
          </p>
        )}
      </form>
    </div>
  );
});

function useSending({ chatId, name, draft, held, onSend }: Omit<ComposerProps, "onCheck">) {
  const commands = useEngine();
  const failureWords = useFailureWords(name);
  const { text, change, take, putBack } = useDraft(chatId, draft);
  const typing = useTyping(chatId);
  const [failure, setFailure] = useState<FailureCode | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const card = useRef<HTMLDivElement>(null);
  const size = textSize(text);

  const sendNow = async () => {
    const toSend = composedText(text);
    if (toSend === "" || size.over) return;
    take();
    setFailure(null);
    onSend();
    const outcome = await commands.sendText({ chatId, text: toSend });
    if (outcome.ok) return;
    putBack(toSend);
    setFailure(outcome.code);
  };
  const send = () => {
    if (held) card.current?.querySelector("button")?.focus();
    else void sendNow();
  };
  const sendAnyway = async () => {
    const outcome = await commands.acceptKeyChange({ chatId });
    box.current?.focus();
    if (outcome.ok) await sendNow();
    else setFailure(outcome.code);
  };
  const changed = (next: string) => {
    if (failure) setFailure(null);
    change(next);
    if (!held) typing(next);
  };
  const problem = failure ? failureWords(failure) : null;
  return { box, card, text, change: changed, size, problem, send, sendAnyway: () => void sendAnyway() };
}

/** Opening a chat goes on with writing; on a phone, where a keyboard would cover the messages, it goes to the pane itself. */
function useFocusOnOpen(box: RefObject<HTMLTextAreaElement | null>): void {
  const phone = useFrameWidth() === "phone";
  const first = useRef(true);
  useEffect(() => {
    if (!first.current || document.activeElement?.closest("[role=dialog], [role=alertdialog]")) return;
    first.current = false;
    const target = phone ? box.current?.closest("main") : box.current;
    target?.focus({ preventScroll: true });
  }, [box, phone]);
}
