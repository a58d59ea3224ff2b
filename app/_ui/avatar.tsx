import type { CSSProperties, ReactNode } from "react";
import { classes } from "./classes";
import { avatarHue, initialOf } from "./name-color";

export type AvatarProps = {
  name: string;
  /** What the colour hangs from; the name if left out. */
  seed?: string;
  /** Pixels: 48 in lists, 40 in bars, 36 small, 32 in the rail, 28 beside bubbles, 96 in panels. */
  size?: number;
  /** Groups are squircles, people circles. */
  group?: boolean;
  /** Shown in place of the letter. */
  icon?: ReactNode;
  className?: string;
};

/** A decoration beside the name it belongs to: hidden from screen readers. Without `size` the style sheet decides (--size). */
export function Avatar({ name, seed = name, size, group, icon, className }: AvatarProps) {
  const style = { "--hue": avatarHue(seed), ...(size && { "--size": `${size}px` }) } as CSSProperties;
  return (
    <span className={classes("avatar", group && "avatar-group", className)} style={style} aria-hidden="true">
      {icon ?? initialOf(name)}
    </span>
  );
}
