/** The one registry of keyboard shortcuts: what the keys are, how assistive technology is told, and whether a press is one.
 *  NOTE: browsers keep Ctrl+N and the like, and Ctrl+Alt is AltGr on many keyboards, so letters come with Alt+Shift. They are found by
 *  the key's place (`code`), because Option+Shift+N types another character on a Mac. */

export type ShortcutId = "search" | "newChat" | "nextChat" | "previousChat" | "close";

type Keys = { code: string; alt?: boolean; shift?: boolean /** Ctrl; Cmd on a Mac. */; primary?: boolean };

const SHORTCUTS: Record<ShortcutId, { keys: Keys; mac?: Keys }> = {
  search: { keys: { code: "KeyK", primary: true } },
  newChat: { keys: { code: "KeyN", alt: true, shift: true } },
  // Option+Down moves the caret on a Mac.
  nextChat: { keys: { code: "ArrowDown", alt: true }, mac: { code: "ArrowDown", alt: true, primary: true } },
  previousChat: { keys: { code: "ArrowUp", alt: true }, mac: { code: "ArrowUp", alt: true, primary: true } },
  close: { keys: { code: "Escape" } },
};

export type Press = { code: string; altKey: boolean; shiftKey: boolean; ctrlKey: boolean; metaKey: boolean; isComposing?: boolean };

/** Takes a key press and whether this is a Mac; returns the shortcut it is, if any. Never while an input method composes. */
export function shortcutOf(press: Press, mac: boolean): ShortcutId | undefined {
  if (press.isComposing) return undefined;
  return (Object.keys(SHORTCUTS) as ShortcutId[]).find((id) => isPressed(keysOf(id, mac), press, mac));
}

function isPressed(keys: Keys, press: Press, mac: boolean): boolean {
  const [primary, other] = mac ? [press.metaKey, press.ctrlKey] : [press.ctrlKey, press.metaKey];
  return (
    press.code === keys.code &&
    press.altKey === Boolean(keys.alt) &&
    press.shiftKey === Boolean(keys.shift) &&
    primary === Boolean(keys.primary) &&
    !other
  );
}

function keysOf(id: ShortcutId, mac: boolean): Keys {
  return (mac && SHORTCUTS[id].mac) || SHORTCUTS[id].keys;
}

/** Takes a shortcut; returns the value for `aria-keyshortcuts` ("Alt+Shift+N"), with Meta in place of Control on a Mac. */
export function ariaKeys(id: ShortcutId, mac: boolean): string {
  const keys = keysOf(id, mac);
  const parts = [keys.primary && (mac ? "Meta" : "Control"), keys.alt && "Alt", keys.shift && "Shift", keys.code.replace(/^Key/, "")];
  return parts.filter(Boolean).join("+");
}

/** Takes the navigator's platform; returns whether it is a Mac (or an iPad with a keyboard). */
export function isMac(platform: string): boolean {
  return /^(Mac|iP)/.test(platform);
}
