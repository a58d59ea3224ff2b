"use client";
/** Moving inside the app changes the address and nothing else: no request to the server, so it takes one frame and works offline.
 *  Next's router follows history.pushState, so usePathname, back and forward work. */
import { usePathname, useRouter } from "next/navigation";
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

/** Whether a click follows its link here; with a modifier it opens it the browser's way. */
function followsHere(event: MouseEvent<HTMLAnchorElement>): boolean {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return false;
  event.preventDefault();
  return true;
}

type LinkProps = ComponentProps<"a"> & { href: string };

/** A link to a path of the app. */
export function AppLink({ href, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (followsHere(event)) navigate(href);
  };
  return <a {...rest} href={href} onClick={follow} />;
}

/** A link to another page: "/sign-in", "/recovery-key". It fetches the page when it is pointed at, not when it is seen. */
export function PageLink({ href, ...rest }: Omit<LinkProps, "onClick" | "onFocus" | "onPointerEnter">) {
  const router = useRouter();
  const fetchEarly = () => router.prefetch(href);
  return (
    <a
      {...rest}
      href={href}
      onFocus={fetchEarly}
      onPointerEnter={fetchEarly}
      onClick={(event) => followsHere(event) && router.push(href)}
    />
  );
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
