import type { Metadata } from "next";
import { RestoreScreen } from "../../_features/auth/restore-screen";

export const metadata: Metadata = { title: "Keys for this browser · Parley" };

export default function Page() {
  return <RestoreScreen />;
}
