import { useSyncExternalStore } from "react";

const never = () => () => {};

/** False in the page as it was delivered, true once its script runs. */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
}
