"use client";
import { useEffect, useState } from "react";

const MINUTE_MS = 60_000;

/** The present, renewed every minute. Milliseconds since 1970; 0 in the static page. */
export function useNow(): number {
  const [now, setNow] = useState(0);
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
