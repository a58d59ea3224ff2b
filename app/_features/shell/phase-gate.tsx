"use client";
/** Keeps people where they belong: out of the chats without keys, out of sign-up when signed in. */
import { useRouter } from "next/navigation";
import { type ReactNode, useEffect } from "react";
import { useAccount } from "./engine-provider";
import { type Area, mayStay, redirectFrom } from "./home-path";

export type PhaseGateProps = {
  area: Area;
  /** Shown while it is not known who is here. */
  early: ReactNode;
  /** True while the screen is busy and leaves by itself. */
  hold?: boolean;
  children: ReactNode;
};

/** Shows its children to those who may be in this area, and sends the others where they belong. */
export function PhaseGate({ area, early, hold = false, children }: PhaseGateProps) {
  const account = useAccount();
  const router = useRouter();
  const target = hold ? null : redirectFrom(area, account);
  useEffect(() => {
    if (target) router.replace(target);
  }, [target, router]);
  return hold || mayStay(area, account) ? children : early;
}
