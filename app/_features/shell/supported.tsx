"use client";
import { lazy, type ReactNode, Suspense } from "react";
import { CenteredPage } from "./centered-page";
import { useAccount } from "./engine-provider";

const Unsupported = lazy(async () => ({ default: (await import("./unsupported")).Unsupported }));

/** Its children, or why they can't run here. */
export function Supported({ children }: { children: ReactNode }) {
  const account = useAccount();
  if (account.phase !== "unsupported") return children;
  return (
    <CenteredPage>
      <div className="sheet">
        <Suspense>
          <Unsupported reason={account.reason} />
        </Suspense>
      </div>
    </CenteredPage>
  );
}
