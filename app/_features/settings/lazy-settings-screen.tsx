"use client";
import { lazy } from "react";

const Screen = lazy(async () => ({ default: (await import("./settings-screen")).SettingsScreen }));

/** Settings, loaded when they are opened: suspends until then. */
export function SettingsScreen() {
  return <Screen />;
}
