"use client";
/** Everything that screens take from above, in one place for the root layout. */
import type { ReactNode } from "react";
import { AnnouncementsProvider } from "./announcer";
import { EngineProvider } from "./engine-provider";
import { LanguageProvider } from "./language-provider";
import { PreferencesProvider } from "./preferences-provider";
import { ServiceWorkerProvider } from "./service-worker-provider";
import { Supported } from "./supported";

export function Providers({ children }: { children: ReactNode }) {
  return (
    <EngineProvider>
      <PreferencesProvider>
        <LanguageProvider>
          <AnnouncementsProvider>
            <ServiceWorkerProvider>
              <Supported>{children}</Supported>
            </ServiceWorkerProvider>
          </AnnouncementsProvider>
        </LanguageProvider>
      </PreferencesProvider>
    </EngineProvider>
  );
}
