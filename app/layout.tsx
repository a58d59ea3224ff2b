/** The one document. Static: what differs between people is known only to their browser. */
import "./globals.css";
import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { preferencesScript } from "./_features/shell/preferences-script";
import { Providers } from "./_features/shell/providers";
import { trustedTypesScript } from "./trusted-types";

export const metadata: Metadata = {
  title: "Parley",
  description: "Private messages on your own server, locked on your device before they leave it.",
  applicationName: "Parley",
  manifest: "/manifest.webmanifest",
  icons: { icon: [{ url: "/icons/icon.svg", type: "image/svg+xml" }], apple: "/icons/apple-touch-icon.png" },
  appleWebApp: { capable: true, title: "Parley", statusBarStyle: "default" },
  formatDetection: { telephone: false, email: false, address: false },
  referrer: "no-referrer",
  robots: { index: false, follow: false },
};

export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  viewportFit: "cover",
  interactiveWidget: "resizes-content",
  colorScheme: "light dark",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#ffffff" },
    { media: "(prefers-color-scheme: dark)", color: "#1d1916" },
  ],
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" dir="ltr" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant, pinned by its hash in the page's policy */}
        <script dangerouslySetInnerHTML={{ __html: trustedTypesScript }} />
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant, pinned by its hash in the page's policy */}
        <script dangerouslySetInnerHTML={{ __html: preferencesScript }} />
      </head>
      <body>
        <noscript>
          <p className="p-6 text-17">Parley encrypts in your browser, so it needs JavaScript.</p>
        </noscript>
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
