import type { Metadata } from "next";
import { SignUpScreen } from "../../_features/auth/sign-up-screen";

export const metadata: Metadata = { title: "Create account · Parley" };

export default function Page() {
  return <SignUpScreen />;
}
