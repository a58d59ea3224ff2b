"use client";
import { SquarePen } from "lucide-react";
import { type RefObject, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import type { ChatListItem } from "@/engine";
import type { ChatId } from "@/server/contract/ids";
import { Avatar } from "../../_ui/avatar";
import { IconButton } from "../../_ui/icon-button";
import { useCalendar, useChatName, useToday } from "../messages";
import { AppLink, useAccount, useFrameWidth } from "../shell";
import { type ChatFilter, filterChats } from "./chat-order";
import { ChatRow } from "./chat-row";
import { ListEmpty } from "./list-empty";
import { SearchField } from "./search-field";
import { ariaKeys, isMac } from "./shortcuts";
import { useHeldOrder } from "./use-held-order";
import { useRowsOnDemand } from "./use-rows-on-demand";

export type ChatListProps = {
  chats: readonly ChatListItem[];
  openChatId: ChatId | null;
  search: RefObject<HTMLInputElement | null>;
  onNewChat: () => void;
};

/** The list pane: what is in it and how it is narrowed down. */
export function ChatList({ chats, openChatId, search, onNewChat }: ChatListProps) {
  const t = useTranslations("chats");
  const nameOf = useChatName();
  const [filter, setFilter] = useState<ChatFilter>("all");
  const [typed, setTyped] = useState("");
  const shown = filterChats(chats, { filter, search: typed, openChatId, nameOf });
  const keys = ariaKeys("newChat", isMac(navigator.platform));
  return (
    <>
      <div className="list-head">
        <h2 className="grow">{t("chats")}</h2>
        <NewChatButton label={t("newChat")} keys={keys} onPress={onNewChat} />
        <SettingsLink />
      </div>
      <SearchField ref={search} value={typed} onChange={setTyped} />
      {chats.length > 0 && <Filters filter={filter} withGroups={chats.some((chat) => chat.type === "group")} onChange={setFilter} />}
      {shown.length > 0 ? (
        <Rows chats={shown} openChatId={openChatId} nameOf={nameOf} />
      ) : (
        <ListEmpty any={chats.length > 0} filter={filter} search={typed} onNewChat={onNewChat} onShowAll={() => setFilter("all")} />
      )}
      {chats.length > 0 && <RoundNewChatButton label={t("newChat")} keys={keys} onPress={onNewChat} />}
    </>
  );
}

type NewChatProps = { label: string; keys: string; onPress: () => void };

/** In the bar; on a phone the round button below starts chats. */
function NewChatButton({ label, keys, onPress }: NewChatProps) {
  if (useFrameWidth() === "phone") return null;
  return (
    <IconButton label={label} accent aria-keyshortcuts={keys} onClick={onPress}>
      <SquarePen className="icon" aria-hidden="true" />
    </IconButton>
  );
}

/** The way to the settings where there is no rail. */
function SettingsLink() {
  const t = useTranslations("shell");
  const account = useAccount();
  if (useFrameWidth() === "desktop") return null;
  return (
    <AppLink className="icon-button" href="/settings" aria-label={t("settings")}>
      <Avatar name={"username" in account ? account.username : "?"} size={32} />
    </AppLink>
  );
}

function RoundNewChatButton({ label, keys, onPress }: NewChatProps) {
  if (useFrameWidth() !== "phone") return null;
  return (
    <button type="button" className="floating-action" aria-label={label} aria-keyshortcuts={keys} onClick={onPress}>
      <SquarePen className="icon icon-24" aria-hidden="true" />
    </button>
  );
}

const FILTERS = { all: "filterAll", unread: "filterUnread", groups: "filterGroups" } as const;

type FiltersProps = { filter: ChatFilter; withGroups: boolean; onChange: (filter: ChatFilter) => void };

function Filters({ filter, withGroups, onChange }: FiltersProps) {
  const t = useTranslations("chats");
  const offered: ChatFilter[] = withGroups ? ["all", "unread", "groups"] : ["all", "unread"];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset belongs around inputs
    <div className="chips" role="group" aria-label={t("filters")}>
      {offered.map((each) => (
        <button key={each} type="button" className="chip" aria-pressed={filter === each} onClick={() => onChange(each)}>
          {t(FILTERS[each])}
        </button>
      ))}
    </div>
  );
}

type RowsProps = Pick<ChatListProps, "chats" | "openChatId"> & { nameOf: ReturnType<typeof useChatName> };

function Rows({ chats, openChatId, nameOf }: RowsProps) {
  const t = useTranslations("chats");
  const calendar = useCalendar();
  const todayMs = useToday(calendar);
  const list = useRef<HTMLUListElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const ordered = useHeldOrder(list, chats);
  const made = useRowsOnDemand(end, ordered.length, ordered.findIndex((chat) => chat.chatId === openChatId) + 1);
  useEffect(() => {
    if (openChatId) list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [openChatId]);
  return (
    <div className="scroll">
      <ul ref={list} className="chat-rows" aria-label={t("chats")}>
        {ordered.slice(0, made).map((chat, index) => (
          // Places change for many rows at once, so they stand outside of what is remembered.
          <li key={chat.chatId} aria-setsize={ordered.length} aria-posinset={index + 1}>
            <ChatRow
              chat={chat}
              name={nameOf(chat)}
              time={calendar.short(chat.lastActivityMs, todayMs)}
              current={chat.chatId === openChatId}
            />
          </li>
        ))}
      </ul>
      <div ref={end} />
    </div>
  );
}
