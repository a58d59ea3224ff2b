import type { Metadata } from "next";
import { SignInScreen } from "../../_features/auth/sign-in-screen";

export const metadata: Metadata = { title: "Sign in · Parley" };

export default function Page() {
  return <SignInScreen />;
}
