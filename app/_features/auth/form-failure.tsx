import { CircleAlert } from "lucide-react";
import { Callout } from "../../_ui/callout";

/** What is wrong with a form as a whole; read aloud when it appears. */
export function FormFailure({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <Callout kind="danger" icon={<CircleAlert className="icon" aria-hidden="true" />}>
      {text}
    </Callout>
  );
}
