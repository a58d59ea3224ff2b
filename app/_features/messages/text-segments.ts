/** Cuts a message's text into plain pieces and links. What comes back is rendered as text nodes and anchors, never as markup. */
import { LinkifyIt } from "linkify-it";

export type TextSegment = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

const ALLOWED = new Set(["http:", "https:", "mailto:"]);
// NOTE: direction overrides inside an address let it read as another one: such an address stays plain text.
const DIRECTION_CONTROLS = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/;

const linkify = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true });

/**
 * Takes the text as it was sent. Returns segments whose `text`s joined are exactly that text; every `href` is absolute and its scheme is
 * http, https or mailto. An address written without a scheme gets https.
 */
export function textSegments(text: string): TextSegment[] {
  const segments: TextSegment[] = [];
  let end = 0;
  for (const match of linkify.match(text) ?? []) {
    const href = safeHref(match.schema === "" ? match.url.replace(/^http:/, "https:") : match.url);
    if (href === undefined || match.schema === "//" || DIRECTION_CONTROLS.test(match.raw)) continue;
    if (match.index > end) segments.push({ kind: "text", text: text.slice(end, match.index) });
    segments.push({ kind: "link", text: text.slice(match.index, match.lastIndex), href });
    end = match.lastIndex;
  }
  if (end < text.length || segments.length === 0) segments.push({ kind: "text", text: text.slice(end) });
  return segments;
}

function safeHref(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  return ALLOWED.has(parsed.protocol) ? parsed.href : undefined;
}
