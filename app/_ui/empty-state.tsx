import type { ReactNode } from "react";

export type EmptyStateProps = {
  /** A lucide icon with `className="icon"` and `aria-hidden`. */
  icon: ReactNode;
  title: string;
  /** One sentence. */
  children?: ReactNode;
  /** One action, a second at most. */
  actions?: ReactNode;
};

/** What stands where nothing is: one sentence and one action. */
export function EmptyState({ icon, title, children, actions }: EmptyStateProps) {
  return (
    <div className="empty-state">
      <span className="avatar avatar-group avatar-art" style={{ "--size": "88px" } as React.CSSProperties} aria-hidden="true">
        {icon}
      </span>
      <h3>{title}</h3>
      {children && <p>{children}</p>}
      {actions && <div className="actions">{actions}</div>}
    </div>
  );
}
