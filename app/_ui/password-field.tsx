import { Eye, EyeOff } from "lucide-react";
import { useState } from "react";
import { IconButton } from "./icon-button";
import { TextField, type TextFieldProps } from "./text-field";

/** A password line that can be shown; it accepts pasting and password managers. */
export function PasswordField({ showLabel, ...field }: Omit<TextFieldProps, "end" | "type"> & { showLabel: string }) {
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <TextField
      {...field}
      type={shown ? "text" : "password"}
      autoCapitalize="none"
      autoCorrect="off"
      spellCheck={false}
      end={
        <IconButton label={showLabel} aria-pressed={shown} onClick={() => setShown(!shown)}>
          <Icon className="icon" aria-hidden="true" />
        </IconButton>
      }
    />
  );
}
