"use client";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import type { ChatListItem } from "@/engine";
import type { ChatId } from "@/server/contract/ids";
import { NewChatDialog } from "../contacts";
import { Conversation, useKept } from "../messages";
import { chatPath, ListPane, MainPane, useNavigate, useOpenChatId, useView } from "../shell";
import { ChatList } from "./chat-list";
import { neighbour } from "./chat-order";
import { NothingSelected } from "./nothing-selected";
import { ariaKeys, isMac } from "./shortcuts";
import { countUnreadChats } from "./unread-title";
import { useShortcuts } from "./use-shortcuts";
import { useUnreadTitle } from "./use-unread-title";

const keyOf = (chat: ChatListItem) => chat.chatId;
const NONE: readonly ChatListItem[] = [];

/** The screen of "/" and "/c/CHAT": the list, and the open chat beside it. Stays mounted while the address moves between chats. */
export function ChatsScreen() {
  const t = useTranslations("chats");
  const openChatId = useOpenChatId();
  const known = useKept(useView("chatList", {}), keyOf);
  const chats = known ?? NONE;
  const search = useRef<HTMLInputElement>(null);
  const [newChat, setNewChat] = useState(false);
  const onNewChat = () => setNewChat(true);
  useChatShortcuts(chats, openChatId, { search: () => search.current?.select(), newChat: onNewChat });
  useFocusOnClose(openChatId);
  useUnreadTitle(countUnreadChats(chats));
  return (
    <>
      <ListPane label={t("chatList")}>
        {known && <ChatList chats={chats} openChatId={openChatId} search={search} onNewChat={onNewChat} />}
      </ListPane>
      <MainPane label={t("conversation")}>
        {openChatId ? (
          <Conversation key={openChatId} chatId={openChatId} backKeys={ariaKeys("close", isMac(navigator.platform))} />
        ) : (
          known && <NothingSelected anyChats={chats.length > 0} onNewChat={onNewChat} />
        )}
      </MainPane>
      {newChat && <NewChatDialog onClose={() => setNewChat(false)} />}
    </>
  );
}

function useChatShortcuts(chats: readonly ChatListItem[], openChatId: ChatId | null, more: { search: () => void; newChat: () => void }) {
  const navigate = useNavigate();
  const go = (step: 1 | -1) => {
    const next = neighbour(shownOrder(chats), openChatId, step);
    if (next) navigate(chatPath(next));
  };
  useShortcuts({
    ...more,
    nextChat: () => go(1),
    previousChat: () => go(-1),
    close: () => {
      if (openChatId) navigate("/");
    },
  });
}

/** The order of the rows on screen, which a filter or a held list may have changed; all chats where the list is not shown. */
function shownOrder(chats: readonly ChatListItem[]): readonly Pick<ChatListItem, "chatId">[] {
  const rows = Array.from(document.querySelectorAll<HTMLElement>("[data-chat]"), (row) => ({ chatId: row.dataset.chat as ChatId }));
  return rows.length > 0 ? rows : chats;
}

/** When a chat is closed, focus returns to its row, unless it is somewhere already. */
function useFocusOnClose(openChatId: ChatId | null): void {
  const former = useRef(openChatId);
  useEffect(() => {
    const closed = former.current;
    former.current = openChatId;
    if (!closed || openChatId || document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>(`[data-chat="${CSS.escape(closed)}"]`)?.focus({ preventScroll: true });
  }, [openChatId]);
}
