import type { LucideIcon } from "lucide-react";
import { IconButton } from "../../_ui/icon-button";

/** The arrow that leads one layer back; it turns round with the script's direction. */
export function BackButton({ label, icon: Icon, onBack }: { label: string; icon: LucideIcon; onBack: () => void }) {
  return (
    <IconButton label={label} className="-ms-2" onClick={onBack}>
      <Icon className="icon flip" aria-hidden="true" />
    </IconButton>
  );
}
