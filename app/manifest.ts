import type { MetadataRoute } from "next";

/** What the system is told when Parley is installed. */
export default function manifest(): MetadataRoute.Manifest {
  return {
    id: "/",
    name: "Parley",
    short_name: "Parley",
    description: "Private messages on your own server, locked on your device before they leave it.",
    start_url: "/",
    scope: "/",
    display: "standalone",
    display_override: ["standalone", "minimal-ui"],
    background_color: "#efeae3",
    theme_color: "#a3401a",
    categories: ["social", "communication"],
    icons: [
      { src: "/icons/icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" },
      { src: "/icons/icon-192.png", sizes: "192x192", type: "image/png", purpose: "any" },
      { src: "/icons/icon-512.png", sizes: "512x512", type: "image/png", purpose: "any" },
      { src: "/icons/icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
    ],
    screenshots: [
      {
        src: "/screenshots/chat-wide.png",
        sizes: "1280x800",
        type: "image/png",
        form_factor: "wide",
        label: "A chat beside the list of chats",
      },
      { src: "/screenshots/chat-narrow.png", sizes: "390x844", type: "image/png", form_factor: "narrow", label: "A chat on a phone" },
    ],
  };
}
