import type { ReactNode } from "react";

export type EmptyStateProps = {
  /** A lucide icon with `className="icon"` and `aria-hidden`. */
  icon: ReactNode;
  title: string;
  /** Of the title: 3 where a heading above names the pane, 2 where this is all there is. */
  level?: 2 | 3;
  /** One sentence. */
  children?: ReactNode;
  /** One action, a second at most. */
  actions?: ReactNode;
};

/** What stands where nothing is: one sentence and one action. */
export function EmptyState({ icon, title, level = 3, children, actions }: EmptyStateProps) {
  const Title = `h${level}` as const;
  return (
    <div className="empty-state">
      <span className="avatar avatar-group avatar-art" style={{ "--size": "88px" } as React.CSSProperties} aria-hidden="true">
        {icon}
      </span>
      <Title>{title}</Title>
      {children && <p>{children}</p>}
      {actions && <div className="actions">{actions}</div>}
    </div>
  );
}
