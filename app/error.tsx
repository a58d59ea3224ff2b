"use client";
import { Crash } from "./_features/shell/crash";

/** A screen threw: everything is on disk, so a reload is safe. */
export default function ErrorPage({ error }: { error: Error & { digest?: string } }) {
  return <Crash error={error} />;
}
