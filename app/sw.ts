/** Service worker: the app starts without the network. The build defines the list of files (every static page and hashed asset).
 *  Pages come from the list too, so that a page and its scripts are always of one version; a new version waits until
 *  the person asks for it. Nothing that carries data is ever kept here: /api is left alone. */
import { type PrecacheEntry, Serwist, type SerwistPlugin } from "serwist";

declare const __PRECACHE__: PrecacheEntry[];
declare const self: ServiceWorkerGlobalScope;

/** Turbopack hands its worker a list of chunks in the URL's fragment, and a cached Response would replace that URL
 *  by its own ("Missing worker bootstrap config"). A Response made here has no URL, so the fragment stays. */
const keepFragment: SerwistPlugin = {
  handlerWillRespond: async ({ request, response }) =>
    request.destination === "worker" ? new Response(response.body, { status: response.status, headers: response.headers }) : response,
};

/** The static page that serves an address: every chat has the same one. */
function pageOf(pathname: string): string {
  if (pathname.startsWith("/c/")) return "/c";
  return pathname.length > 1 && pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
}

const serwist: Serwist = new Serwist({
  precacheEntries: __PRECACHE__,
  // The first version takes the open page over; later ones wait until a page sends SKIP_WAITING, which serwist answers.
  skipWaiting: false,
  clientsClaim: true,
  precacheOptions: { cleanupOutdatedCaches: true, plugins: [keepFragment], directoryIndex: null, cleanURLs: false },
  runtimeCaching: [
    {
      matcher: ({ request, url, sameOrigin }) => sameOrigin && request.mode === "navigate" && !url.pathname.startsWith("/api/"),
      handler: async ({ request, url }): Promise<Response> => {
        const kept = await serwist.matchPrecache(pageOf(url.pathname));
        if (kept) return kept;
        try {
          return await fetch(request);
        } catch {
          return (await serwist.matchPrecache("/")) ?? Response.error();
        }
      },
    },
  ],
});

serwist.addEventListeners();
