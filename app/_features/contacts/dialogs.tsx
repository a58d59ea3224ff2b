"use client";
/** The dialogs of this feature, fetched when they are first opened. */
import { lazy, Suspense } from "react";
import type { SafetyNumberDialogProps } from "./safety-number-dialog";

const LazyNewChat = lazy(async () => ({ default: (await import("./new-chat-dialog")).NewChatDialog }));
const LazySafetyNumber = lazy(async () => ({ default: (await import("./safety-number-dialog")).SafetyNumberDialog }));

/** Finds a person by their exact user name and opens the chat with them. Open while it is rendered. */
export function NewChatDialog(props: { onClose: () => void }) {
  return (
    <Suspense>
      <LazyNewChat {...props} />
    </Suspense>
  );
}

/** Shows the safety number with a contact. Open while it is rendered. */
export function SafetyNumberDialog(props: SafetyNumberDialogProps) {
  return (
    <Suspense>
      <LazySafetyNumber {...props} />
    </Suspense>
  );
}
