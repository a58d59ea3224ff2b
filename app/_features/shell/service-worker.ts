/** The service worker's life as the page sees it. A new version waits until the person asks for it: nothing reloads by itself. */

export type WaitingUpdate = {
  /** Switches to the new version and reloads the page once it is in charge. */
  apply(): void;
};

export type ServiceWorkerDeps = {
  container: ServiceWorkerContainer;
  reload: () => void;
  /** Calls back now and then, and when the page is looked at again. Returns a function that ends it. */
  everyNowAndThen: (check: () => void) => () => void;
};

/** Registers /sw.js and calls `onWaiting` when a newer version is ready. Returns a function that ends the watching.
 *  A registration that fails (blocked by the browser) leaves the app working without its offline start. */
export function watchServiceWorker(
  { container, reload, everyNowAndThen }: ServiceWorkerDeps,
  onWaiting: (update: WaitingUpdate) => void,
): () => void {
  const stops: (() => void)[] = [];
  let ended = false;
  let switching = false;
  let controlled = container.controller !== null;
  const controllerChanged = () => {
    if (switching) reload();
    // Another window switched: this one still runs the old version, whose files may go.
    else if (controlled) onWaiting({ apply: reload });
    controlled = true;
  };
  container.addEventListener("controllerchange", controllerChanged);
  stops.push(() => container.removeEventListener("controllerchange", controllerChanged));

  const offer = (waiting: ServiceWorker) =>
    onWaiting({
      apply() {
        switching = true;
        waiting.postMessage({ type: "SKIP_WAITING" });
      },
    });

  const follow = (registration: ServiceWorkerRegistration) => {
    // Without a controller this is the first install: there is nothing to update.
    if (registration.waiting && container.controller) offer(registration.waiting);
    const found = () => {
      const installing = registration.installing;
      installing?.addEventListener("statechange", () => {
        if (!ended && installing.state === "installed" && container.controller) offer(installing);
      });
    };
    registration.addEventListener("updatefound", found);
    stops.push(() => registration.removeEventListener("updatefound", found));
    stops.push(everyNowAndThen(() => void registration.update().catch(() => {})));
  };
  container.register("/sw.js", { updateViaCache: "none" }).then(
    (registration) => !ended && follow(registration),
    () => {},
  );
  return () => {
    ended = true;
    for (const stop of stops) stop();
  };
}
