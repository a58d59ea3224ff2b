"use client";
/** Moving inside the app changes the address and nothing else: no request to the server, so it takes one frame and works offline.
 *  Next's router follows history.pushState, so usePathname, back and forward work. */
import { usePathname } from "next/navigation";
import { type ComponentProps, type MouseEvent, useCallback } from "react";
import type { ChatId } from "@/server/contract/ids";

/** Goes to a path of the app: "/", "/c/…" or "/settings/…". `replace` leaves no step to go back to. */
export type Navigate = (path: string, options?: { replace?: boolean }) => void;

const navigate: Navigate = (path, { replace } = {}) => {
  if (path === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", path);
};

export function useNavigate(): Navigate {
  return useCallback(navigate, []);
}

/** A link to a path of the app. A click with a modifier opens it the browser's way. */
export function AppLink({ href, onClick, ...rest }: ComponentProps<"a"> & { href: string }) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  };
  return <a {...rest} href={href} onClick={follow} />;
}

/** The address of a chat. */
export function chatPath(chatId: ChatId): string {
  return `/c/${chatId}`;
}

/** The chat that the address names, or null if it names none. What it names need not exist, nor be a well-formed id. */
export function useOpenChatId(): ChatId | null {
  const [, section, id] = usePathname().split("/");
  return section === "c" && id ? (id.toLowerCase() as ChatId) : null;
}
