import type { Metadata } from "next";
import { NotFound } from "./_features/shell/not-found";

export const metadata: Metadata = { title: "Not found · Parley" };

export default function Page() {
  return <NotFound />;
}
