"use client";
import { CircleAlert, MessageSquareLock, MessageSquareWarning } from "lucide-react";
import { memo, useMemo } from "react";
import { useTranslations } from "use-intl";
import type { MessageView } from "@/engine";
import type { ChatId } from "@/server/contract/ids";
import { Receipt } from "../../_ui/receipt";
import { useEngine } from "../shell";
import { withoutFinalStop } from "./article-name";
import { isEmojiOnly } from "./emoji-only";
import { useFailureWords } from "./failure-words";
import type { Place } from "./log-rows";
import { textSegments } from "./text-segments";

export type MessageRowProps = { message: MessageView; place: Place; time: string; chatId: ChatId; chatName: string };

const STATES = {
  waiting: "stateWaiting",
  sent: "stateSent",
  delivered: "stateDelivered",
  read: "stateRead",
  failed: "stateFailed",
} as const;

/** One message: an article whose name says all that its shape shows. */
export const MessageRow = memo(function MessageRow({ message, place, time, chatId, chatName }: MessageRowProps) {
  const t = useTranslations("messages");
  const placeholder = usePlaceholder(message);
  const values = {
    sender: message.own ? t("you") : message.senderName,
    text: withoutFinalStop(message.body.kind === "text" ? message.body.text : placeholder),
    time,
  };
  const name = message.own && message.status ? t("articleOut", { ...values, state: t(STATES[message.status]) }) : t("articleIn", values);
  return (
    <article
      className="message"
      data-row={message.messageId}
      data-own={message.own || undefined}
      data-place={place}
      tabIndex={-1}
      aria-label={name}
    >
      <div className="bubble-stack">
        <Bubble message={message} placeholder={placeholder} time={time} />
        {message.status === "failed" && <FailedLine message={message} chatId={chatId} chatName={chatName} />}
      </div>
    </article>
  );
});

function usePlaceholder({ body }: MessageView): string {
  const t = useTranslations("messages");
  if (body.kind === "waiting") return t("waiting");
  return body.kind === "unsupported" ? t("unsupported") : "";
}

function Bubble({ message, placeholder, time }: { message: MessageView; placeholder: string; time: string }) {
  const meta = <Meta message={message} time={time} inRow={placeholder !== ""} />;
  if (message.body.kind !== "text") {
    const Icon = message.body.kind === "waiting" ? MessageSquareLock : MessageSquareWarning;
    return (
      <div className="bubble">
        <p className="bubble-placeholder">
          <Icon className="icon icon-16" aria-hidden="true" />
          <span>{placeholder}</span>
        </p>
        {meta}
      </div>
    );
  }
  const { text } = message.body;
  if (isEmojiOnly(text))
    return (
      <div className="bubble bubble-emoji">
        <span>{text}</span>
        {meta}
      </div>
    );
  return (
    <div className="bubble">
      <p className="bubble-text" dir="auto">
        <LinkedText text={text} />
        {meta}
      </p>
    </div>
  );
}

function LinkedText({ text }: { text: string }) {
  const segments = useMemo(() => {
    let at = 0;
    return textSegments(text).map((segment) => {
      const start = at;
      at += segment.text.length;
      return { ...segment, start };
    });
  }, [text]);
  return segments.map((segment) =>
    segment.kind === "text" ? (
      segment.text
    ) : (
      <a key={segment.start} className="text-link" href={segment.href} target="_blank" rel="noopener noreferrer nofollow">
        {segment.text}
      </a>
    ),
  );
}

/** Time and receipt. It stands at the bubble's end, so a message counts as seen when this is. */
function Meta({ message, time, inRow }: { message: MessageView; time: string; inRow: boolean }) {
  return (
    <span className={inRow ? "bubble-meta bubble-meta-row" : "bubble-meta"} data-seq={message.own ? undefined : message.seq}>
      <time>{time}</time>
      {message.own && message.status && <Receipt status={message.status} />}
    </span>
  );
}

function FailedLine({ message, chatId, chatName }: Pick<MessageRowProps, "message" | "chatId" | "chatName">) {
  const t = useTranslations("messages");
  const commands = useEngine();
  const failureWords = useFailureWords(chatName);
  return (
    <p className="failed-line">
      <span className="failed-words">
        <CircleAlert className="icon icon-16" aria-hidden="true" />
        <span>{failureWords(message.failure)}</span>
      </span>
      <button type="button" className="text-button" onClick={() => void commands.retryMessage({ chatId, messageId: message.messageId })}>
        {t("tryAgain")}
      </button>
      <button
        type="button"
        className="text-button"
        onClick={(event) => {
          // The row goes away: focus stays in the log instead of getting lost.
          event.currentTarget.closest<HTMLElement>("[role=log]")?.focus({ preventScroll: true });
          void commands.discardMessage({ chatId, messageId: message.messageId });
        }}
      >
        {t("delete")}
      </button>
    </p>
  );
}
