import type { Metadata } from "next";
import { RecoveryKeyScreen } from "../../_features/auth/recovery-key-screen";

export const metadata: Metadata = { title: "Recovery key · Parley" };

export default function Page() {
  return <RecoveryKeyScreen />;
}
