"use client";
import { MessageCircleX } from "lucide-react";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import type { ChatListItem, Commands } from "@/engine";
import type { ChatId } from "@/server/contract/ids";
import { Button } from "../../_ui/button";
import { EmptyState } from "../../_ui/empty-state";
import { SafetyNumberDialog } from "../contacts";
import { useEngine, useNavigate } from "../shell";
import { useChatName } from "./chat-name";
import { Composer } from "./composer";
import { ConversationBar } from "./conversation-bar";
import { later } from "./later";
import type { Position } from "./log-scroll";
import { MessageLog } from "./message-log";
import { type OpenChat, useConversation } from "./use-conversation";

const HowItWorksDialog = lazy(async () => ({ default: (await import("./how-it-works-dialog")).HowItWorksDialog }));

// NOTE: where each chat's log was left, for as long as the page lives. Positions are message ids and pixels.
const leftPositions = new WeakMap<Commands, Map<ChatId, Position>>();

/** By then a closed dialog has given its focus back. */
const FOCUS_RETURN_MS = 100;

export type ConversationProps = {
  chatId: ChatId;
  /** For `aria-keyshortcuts` of the way back. */
  backKeys: string;
};

/** One chat: its bar, its log, its composer. The caller gives each chat its own instance (a key). */
export function Conversation({ chatId, backKeys }: ConversationProps) {
  const open = useConversation(chatId);
  const navigate = useNavigate();
  const toList = useCallback(() => navigate("/"), [navigate]);
  if (open.missing) return <NotFound onBack={toList} />;
  if (!open.chat) return <div className="main-head" />;
  return <KnownChat open={open} chat={open.chat} backKeys={backKeys} onBack={toList} />;
}

type KnownChatProps = { open: OpenChat; chat: ChatListItem; backKeys: string; onBack: () => void };

function KnownChat({ open, chat, backKeys, onBack }: KnownChatProps) {
  const name = useChatName()(chat);
  const left = useLeftPosition(chat.chatId);
  const [sends, setSends] = useState(0);
  const [dialog, setDialog] = useState<"safety" | "how" | null>(null);
  const onSend = useCallback(() => setSends((count) => count + 1), []);
  const onCheck = useCallback(() => setDialog("safety"), []);
  const onHow = useCallback(() => setDialog("how"), []);
  const onClose = useCallback(() => {
    setDialog(null);
    later(focusPaneIfLost, FOCUS_RETURN_MS);
  }, []);
  return (
    <>
      <ConversationBar chat={chat} name={name} backKeys={backKeys} onBack={onBack} onVerify={onCheck} />
      <MessageLog open={open} chat={chat} name={name} sends={sends} left={left} onCheck={onCheck} onHow={onHow} />
      <Composer chatId={chat.chatId} name={name} draft={chat.draft} held={chat.keyState === "changed"} onSend={onSend} onCheck={onCheck} />
      {dialog === "safety" && <SafetyNumberDialog chatId={chat.chatId} name={name} onClose={onClose} />}
      {dialog === "how" && (
        <Suspense>
          <HowItWorksDialog onClose={onClose} />
        </Suspense>
      )}
    </>
  );
}

/** A closed dialog returns focus to its opener; a card that was answered in the dialog is no longer there to take it. */
function focusPaneIfLost(): void {
  if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
}

function useLeftPosition(chatId: ChatId) {
  const commands = useEngine();
  return useMemo(() => {
    const positions = leftPositions.get(commands) ?? new Map<ChatId, Position>();
    leftPositions.set(commands, positions);
    return {
      position: positions.get(chatId) ?? null,
      onPosition(position: Position | null) {
        if (position) positions.set(chatId, position);
        else positions.delete(chatId);
      },
    };
  }, [commands, chatId]);
}

function NotFound({ onBack }: { onBack: () => void }) {
  const t = useTranslations("messages");
  return (
    <EmptyState
      icon={<MessageCircleX className="icon" aria-hidden="true" />}
      title={t("notFoundTitle")}
      level={2}
      actions={<Button onClick={onBack}>{t("backToChats")}</Button>}
    >
      {t("notFoundText")}
    </EmptyState>
  );
}
