import { expect, test } from "vitest";
import { watchServiceWorker } from "./service-worker";

class FakeWorker extends EventTarget {
  state = "installing";
  readonly told: unknown[] = [];
  postMessage(message: unknown) {
    this.told.push(message);
  }
  become(state: string) {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}
class FakeRegistration extends EventTarget {
  waiting: FakeWorker | null = null;
  installing: FakeWorker | null = null;
  updates = 0;
  async update() {
    this.updates++;
  }
}
class FakeContainer extends EventTarget {
  controller: unknown = null;
  readonly registration = new FakeRegistration();
  register = () => Promise.resolve(this.registration);
}

async function watching(prepare: (container: FakeContainer) => void = () => {}) {
  const container = new FakeContainer();
  prepare(container);
  const seen = { reloads: 0, updates: [] as { apply(): void }[], check: () => {} };
  const deps = {
    container: container as never,
    reload: () => seen.reloads++,
    everyNowAndThen: (check: () => void) => {
      seen.check = check;
      return () => {};
    },
  };
  const stop = watchServiceWorker(deps, (update) => seen.updates.push(update));
  await Promise.resolve();
  return { container, seen, stop };
}
function install(container: FakeContainer): FakeWorker {
  const worker = new FakeWorker();
  container.registration.installing = worker;
  container.registration.dispatchEvent(new Event("updatefound"));
  worker.become("installed");
  return worker;
}

test("the first install offers nothing and never reloads", async () => {
  const { container, seen } = await watching();
  install(container);
  container.dispatchEvent(new Event("controllerchange"));
  expect(seen).toMatchObject({ reloads: 0, updates: [] });
});

test("a new version waits until the person asks for it, then the page reloads once", async () => {
  const { container, seen } = await watching((c) => {
    c.controller = {};
  });
  const worker = install(container);
  expect(seen.updates).toHaveLength(1);
  expect(worker.told).toEqual([]);
  seen.updates[0]?.apply();
  expect(worker.told).toEqual([{ type: "SKIP_WAITING" }]);
  container.dispatchEvent(new Event("controllerchange"));
  expect(seen.reloads).toBe(1);
});

test("a version that was already waiting when the page opened is offered", async () => {
  const { seen } = await watching((c) => {
    c.controller = {};
    c.registration.waiting = new FakeWorker();
  });
  expect(seen.updates).toHaveLength(1);
});

test("a version that another window switched to is offered here, too", async () => {
  const { container, seen } = await watching((c) => {
    c.controller = {};
  });
  container.dispatchEvent(new Event("controllerchange"));
  expect(seen).toMatchObject({ reloads: 0, updates: [{}] });
  seen.updates[0]?.apply();
  expect(seen.reloads).toBe(1);
});

test("looks for a new version now and then", async () => {
  const { container, seen } = await watching();
  seen.check();
  expect(container.registration.updates).toBe(1);
});

test("says nothing more after it was ended", async () => {
  const { container, seen, stop } = await watching((c) => {
    c.controller = {};
  });
  stop();
  install(container);
  expect(seen.updates).toEqual([]);
});
