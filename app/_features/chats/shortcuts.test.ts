import { describe, expect, it } from "vitest";
import { ariaKeys, isMac, shortcutOf } from "./shortcuts";

const press = (code: string, held: ("alt" | "shift" | "ctrl" | "meta")[] = []) => ({
  code,
  altKey: held.includes("alt"),
  shiftKey: held.includes("shift"),
  ctrlKey: held.includes("ctrl"),
  metaKey: held.includes("meta"),
});

describe("shortcuts", () => {
  it("knows each one on Windows and Linux", () => {
    expect(shortcutOf(press("KeyK", ["ctrl"]), false)).toBe("search");
    expect(shortcutOf(press("KeyN", ["alt", "shift"]), false)).toBe("newChat");
    expect(shortcutOf(press("ArrowDown", ["alt"]), false)).toBe("nextChat");
    expect(shortcutOf(press("ArrowUp", ["alt"]), false)).toBe("previousChat");
    expect(shortcutOf(press("Escape"), false)).toBe("close");
  });

  it("leaves Option+Down to the caret on a Mac", () => {
    expect(shortcutOf(press("ArrowDown", ["alt"]), true)).toBeUndefined();
    expect(shortcutOf(press("ArrowDown", ["alt", "meta"]), true)).toBe("nextChat");
    expect(shortcutOf(press("KeyK", ["meta"]), true)).toBe("search");
  });

  it("ignores presses with more or fewer keys, and those of an input method", () => {
    expect(shortcutOf(press("KeyK"), false)).toBeUndefined();
    expect(shortcutOf(press("KeyK", ["ctrl", "shift"]), false)).toBeUndefined();
    expect(shortcutOf(press("KeyN", ["alt", "shift", "ctrl"]), false)).toBeUndefined();
    expect(shortcutOf({ ...press("Escape"), isComposing: true }, false)).toBeUndefined();
  });

  it("tells assistive technology the same keys", () => {
    expect(ariaKeys("newChat", false)).toBe("Alt+Shift+N");
    expect(ariaKeys("search", false)).toBe("Control+K");
    expect(ariaKeys("search", true)).toBe("Meta+K");
    expect(ariaKeys("nextChat", true)).toBe("Meta+Alt+ArrowDown");
  });

  it("recognises Macs", () => {
    expect(isMac("MacIntel")).toBe(true);
    expect(isMac("Linux x86_64")).toBe(false);
  });
});
