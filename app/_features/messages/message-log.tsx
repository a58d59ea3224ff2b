"use client";
import { type KeyboardEvent, memo, useEffect, useMemo } from "react";
import { useTranslations } from "use-intl";
import { Button } from "../../_ui/button";
import type { Calendar } from "./calendar";
import { JumpButton } from "./jump-button";
import { nextPlace } from "./log-keys";
import { type LogRow, logRows } from "./log-rows";
import { MessageRow } from "./message-row";
import { NoticeRow } from "./notice-row";
import { useArrivals } from "./use-arrivals";
import { useCalendar, useToday } from "./use-calendar";
import type { OpenChat } from "./use-conversation";
import { useDivider } from "./use-divider";
import { type LeftAt, useLogScroll, useRowsInPlace } from "./use-log-scroll";
import { useReadMarks } from "./use-read-marks";
import { useWindowFocus } from "./use-window-focus";

export type MessageLogProps = {
  open: OpenChat;
  chat: NonNullable<OpenChat["chat"]>;
  name: string;
  /** Grows with each own send: the log goes to its end and the unread line goes away. */
  sends: number;
  left: LeftAt;
  onCheck: () => void;
  onHow: () => void;
};

/** The messages of a chat, and the button that jumps to the newest. */
export function MessageLog({ open, chat, name, sends, left, onCheck, onHow }: MessageLogProps) {
  const t = useTranslations("messages");
  const { messages, live, view, loadOlder, atEnd } = open;
  const calendar = useCalendar();
  const focused = useWindowFocus();
  const place = useLogScroll(left);
  const { log, column, stuck, toEnd, jump } = place;
  const { divider, remove } = useDivider(messages, live, view?.readSeq ?? 0, focused && stuck);
  const rows = useMemo(() => logRows(messages, calendar.dayOf, divider), [messages, calendar, divider]);
  useRowsInPlace(place, rows, live);
  useReadMarks(log, chat.chatId, rows, view?.readSeq ?? 0, focused);
  useArrivals(messages, live, view?.lastSeq ?? 0, name);

  useEffect(() => {
    if (sends === 0) return;
    toEnd();
    remove();
  }, [sends, toEnd, remove]);
  useEffect(() => {
    if (stuck && live && !document.activeElement?.closest("article")) atEnd();
  }, [stuck, live, atEnd]);

  return (
    <>
      {/* biome-ignore-start lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable, and its messages from there */}
      <div
        ref={log}
        className="log"
        role="log"
        aria-live="off"
        aria-label={t("logName", { name })}
        tabIndex={0}
        onKeyDown={(event) => moveFocus(event, loadOlder)}
      >
        {/* biome-ignore-end lint/a11y/noNoninteractiveTabindex: ends here */}
        <div ref={column} className="log-column">
          {view?.hasOlder && (
            <Button kind="quiet" small className="load-older" onClick={loadOlder} busy={!live}>
              {t("loadOlder")}
            </Button>
          )}
          <Rows rows={rows} calendar={calendar} chatId={chat.chatId} name={name} onCheck={onCheck} onHow={onHow} />
        </div>
      </div>
      {!stuck && <JumpButton log={log} count={chat.unread} onPress={jump} />}
    </>
  );
}

type RowsProps = Pick<MessageLogProps, "name" | "onCheck" | "onHow"> & {
  rows: readonly LogRow[];
  calendar: Calendar;
  chatId: MessageLogProps["chat"]["chatId"];
};

const Rows = memo(function Rows({ rows, calendar, chatId, name, onCheck, onHow }: RowsProps) {
  const t = useTranslations("messages");
  const todayMs = useToday(calendar);
  return rows.map((row) => {
    switch (row.kind) {
      case "day":
        return (
          <h3 key={row.key} className="day-heading" data-row={row.key}>
            {calendar.heading(row.atMs, todayMs)}
          </h3>
        );
      case "unread":
        return (
          <h3 key={row.key} className="unread-line" data-row={row.key}>
            {t("unreadMessages", { count: row.count })}
          </h3>
        );
      case "notice":
        return <NoticeRow key={row.key} message={row.message} onCheck={onCheck} onHow={onHow} />;
      case "message":
        return (
          <MessageRow
            key={row.key}
            message={row.message}
            place={row.place}
            time={calendar.clock(row.message.sentAtMs)}
            chatId={chatId}
            chatName={name}
          />
        );
    }
    return null;
  });
});

function moveFocus(event: KeyboardEvent<HTMLElement>, loadOlder: () => void): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const messages = [...event.currentTarget.querySelectorAll("article")];
  const focused = event.target instanceof Element ? event.target.closest("article") : null;
  const next = nextPlace(event.key, focused ? messages.indexOf(focused) : -1, messages.length);
  if (next === -1) return;
  event.preventDefault();
  if (next === "older") {
    loadOlder();
    return;
  }
  messages[next]?.focus({ preventScroll: true });
  messages[next]?.scrollIntoView({ block: "nearest" });
}
