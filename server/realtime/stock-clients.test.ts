/** The stock packages on both sides: `pusher` as any application's server, `pusher-js` as its clients. */
import Pusher from "pusher";
import PusherClient, { type PresenceChannel } from "pusher-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { APP_ID, KEY, makeOwner, once, openSocket, SECRET, startRealtime, type TestRealtime } from "./testing";

let server: TestRealtime;
let application: Pusher;
const clients: PusherClient[] = [];

beforeEach(async () => {
  server = await startRealtime({ now: Date.now });
  const encryptionMasterKeyBase64 = Buffer.alloc(32, 1).toString("base64");
  const address = { host: "127.0.0.1", port: String(server.port), useTLS: false };
  application = new Pusher({ appId: APP_ID, key: KEY, secret: SECRET, ...address, encryptionMasterKeyBase64 });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await server.stop();
});

type Info = { name?: string };

/** A client whose channels the application signs, for the member `userId` where it is a presence channel. */
async function connect(userId: string, userInfo: Info = {}) {
  const client = new PusherClient(KEY, {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ["ws"],
    userAuthentication: {
      transport: "ajax",
      endpoint: "",
      customHandler: ({ socketId }, done) => done(null, application.authenticateUser(socketId, { id: userId, user_info: userInfo })),
    },
    channelAuthorization: {
      transport: "ajax",
      endpoint: "",
      customHandler({ socketId, channelName }, done) {
        const member = channelName.startsWith("presence-") ? { user_id: userId, user_info: userInfo } : undefined;
        done(null, application.authorizeChannel(socketId, channelName, member));
      },
    },
  });
  clients.push(client);
  await once(client.connection, "connected");
  return client;
}

async function listen(client: PusherClient, name: string) {
  const channel = client.subscribe(name);
  await once(channel, "pusher:subscription_succeeded");
  return channel;
}

/** Resolves when what the server was told over this client's socket before is done. */
async function settled(client: PusherClient): Promise<void> {
  const pong = new Promise<void>((resolve) => {
    client.connection.bind("message", ({ event }: { event: string }) => event === "pusher:pong" && resolve());
  });
  client.send_event("pusher:ping", {});
  await pong;
}

async function signedIn(userId: string, userInfo: Info = {}) {
  const client = await connect(userId, userInfo);
  const done = once(client, "pusher:signin_success");
  client.signin();
  await done;
  await settled(client); // and listens to its user's channel
  return client;
}

const get = async (path: string, params: Record<string, string> = {}) => (await application.get({ path, params })).json();

test("what is sent to a user reaches each of the user's clients and nobody else", async () => {
  const [phone, laptop, other] = [await signedIn("alice"), await signedIn("alice"), await signedIn("bob")];
  let others = 0;
  other.user.bind_global(() => others++);
  const heard = [once(phone.user, "greeting"), once(laptop.user, "greeting")];

  await application.sendToUser("alice", "greeting", { text: "hello" });

  expect(await Promise.all(heard)).toEqual([{ text: "hello" }, { text: "hello" }]);
  await settled(other);
  expect(others).toBe(0);
});

test("a client that has not signed in as a user doesn't hear what is sent to that user", async () => {
  const socket = openSocket(server.port);
  const socketId = await socket.established();
  const { auth, user_data } = application.authenticateUser(socketId, { id: "mallory" });
  socket.say("pusher:signin", { auth, user_data });
  await socket.next();

  socket.say("pusher:subscribe", { channel: "#server-to-user-alice", auth });

  expect(await socket.next()).toMatchObject({ event: "pusher:subscription_error", data: { type: "AuthError" } });
});

test("terminating a user's connections ends them for good, and nobody else's", async () => {
  const [phone, laptop, other] = [await signedIn("alice"), await signedIn("alice"), await signedIn("bob")];
  const ended = [phone, laptop].map((client) => once(client.connection, "disconnected"));
  const error = once(phone.connection, "error");

  await application.terminateUserConnections("alice");

  await Promise.all(ended);
  expect(await error).toMatchObject({ data: { code: 4009 } });
  expect(other.connection.state).toBe("connected");
});

test("a session's sockets can be terminated like a user's, and then it can't sign in again", async () => {
  const alice = makeOwner();
  const socket = openSocket(server.port);
  const { auth, userData } = server.current().signIn(await socket.established(), alice);
  socket.say("pusher:signin", { auth, user_data: userData });
  expect(await socket.next()).toMatchObject({ event: "pusher:signin_success" });

  await application.terminateUserConnections(alice.sessionId);

  expect(await socket.closed).toMatchObject({ code: 4009 });
  expect(() => server.current().signIn("1.2", alice)).toThrow("session ended");
});

test("members of a presence channel hear who comes and goes, once per user", async () => {
  const alice = await connect("alice", { name: "Alice" });
  const room = (await listen(alice, "presence-room")) as PresenceChannel;
  const [seen, told]: [string[], string[]] = [[], []];
  // pusher-js itself passes over members that it knows, or doesn't know any more: what counts is what it is told.
  alice.connection.bind("message", ({ event }: { event: string }) => event.startsWith("pusher_internal:member") && told.push(event));
  room.bind("pusher:member_added", ({ id, info }: { id: string; info: Info }) => seen.push(`${id} ${info.name} came`));
  room.bind("pusher:member_removed", ({ id }: { id: string }) => seen.push(`${id} left`));
  const [phone, laptop] = [await connect("bob", { name: "Bob" }), await connect("bob", { name: "Bob" })];

  const there = (await listen(phone, "presence-room")) as PresenceChannel;
  await listen(laptop, "presence-room");
  phone.unsubscribe("presence-room");
  await settled(phone);
  await settled(alice);
  expect(seen).toEqual(["bob Bob came"]);
  laptop.disconnect();
  await expect.poll(() => seen.length).toBe(2);

  expect(seen).toEqual(["bob Bob came", "bob left"]);
  expect(told).toEqual(["pusher_internal:member_added", "pusher_internal:member_removed"]);
  expect(there.members.me).toEqual({ id: "bob", info: { name: "Bob" } });
  expect(there.members.get("alice")).toEqual({ id: "alice", info: { name: "Alice" } });
  expect(room.members.count).toBe(1);
});

test("a signed-in client may enter a presence channel as its user without further data", async () => {
  const client = await signedIn("alice", { name: "Alice" });
  client.config.channelAuthorizer = ({ socketId, channelName }, done) => done(null, application.authorizeChannel(socketId, channelName));

  const room = (await listen(client, "presence-room")) as PresenceChannel;

  expect(room.members.me).toEqual({ id: "alice", info: { name: "Alice" } });
});

test("a presence channel is full at a hundred users, however many clients they have", async () => {
  const sockets: ReturnType<typeof openSocket>[] = [];
  const enter = async (userId: string) => {
    const socket = openSocket(server.port);
    sockets.push(socket);
    const socketId = await socket.established();
    const { auth, channel_data } = application.authorizeChannel(socketId, "presence-room", { user_id: userId });
    socket.say("pusher:subscribe", { channel: "presence-room", auth, channel_data });
    return (await socket.next()) as { event: string; data: { presence?: { count: number; ids: string[] }; type?: string } };
  };
  for (let i = 0; i < 100; i++) expect((await enter(`user${i}`)).data.presence?.count).toBe(i + 1);

  expect(await enter("one too many")).toMatchObject({ event: "pusher:subscription_error", data: { type: "LimitReached" } });
  expect((await enter("user7")).data.presence).toMatchObject({ count: 100, ids: expect.arrayContaining(["user99"]) });
  expect(((await get("/channels/presence-room/users")) as { users: unknown[] }).users).toHaveLength(100);
  for (const { ws } of sockets) ws.close();
  await Promise.all(sockets.map(({ closed }) => closed));
  expect(await get("/channels")).toEqual({ channels: {} });
});

test.each(["__proto__", "constructor", "0", "ü"])("a member called %s is a member like any other", async (userId) => {
  const room = (await listen(await connect(userId), "presence-room")) as PresenceChannel;

  expect(room.members.count).toBe(1);
  expect(await get("/channels/presence-room/users")).toEqual({ users: [{ id: userId }] });
});

test("client events reach the others in a private or presence channel, with the sender's name in the latter", async () => {
  const [alice, bob] = [await connect("alice"), await connect("bob")];
  for (const [name, metadata] of [
    ["private-room", {}],
    ["presence-room", { user_id: "alice" }],
  ] as const) {
    const [from, to] = [await listen(alice, name), await listen(bob, name)];
    const heard: unknown[] = [];
    from.bind("client-typing", () => heard.push("an echo"));
    to.bind("client-typing", (data: unknown, about: unknown) => heard.push([data, about ?? {}]));

    from.trigger("client-typing", { now: [true] });
    await settled(alice);
    await settled(bob);

    expect(heard).toEqual([[{ now: [true] }, metadata]]);
  }
});

test("more than ten client events a second are refused with 4301 and the connection stays", async () => {
  const [alice, bob] = [await connect("alice"), await connect("bob")];
  const [from, to] = [await listen(alice, "private-room"), await listen(bob, "private-room")];
  const heard: number[] = [];
  to.bind("client-count", (count: number) => heard.push(count));
  const error = once(alice.connection, "error");

  for (let count = 1; count <= 11; count++) from.trigger("client-count", count);
  await settled(alice);
  await settled(bob);

  expect(await error).toMatchObject({ data: { code: 4301 } });
  expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(alice.connection.state).toBe("connected");
});

test("client events are refused in public and encrypted channels and above ten kilobytes", async () => {
  const [alice, bob] = [await connect("alice"), await connect("bob")];
  const names = ["room", "private-encrypted-room", "private-room"];
  for (const client of [alice, bob]) for (const name of names) client.subscribe(name).bind("client-x", () => heard++);
  let heard = 0;
  const errors: unknown[] = [];
  alice.connection.bind("error", ({ data }: { data: unknown }) => errors.push(data));
  await Promise.all([settled(alice), settled(bob)]);

  alice.send_event("client-x", {}, "room");
  alice.send_event("client-x", {}, "private-encrypted-room");
  alice.send_event("client-x", "x".repeat(10_240), "private-room");
  await settled(alice);
  await settled(bob);

  expect(errors).toEqual(Array(3).fill({ code: null, message: expect.any(String) }));
  expect(heard).toBe(0);
});

test("events and batches reach their channels, but not the socket that is left out", async () => {
  const [alice, bob] = [await connect("alice"), await connect("bob")];
  const heard: string[] = [];
  for (const [who, client] of Object.entries({ alice, bob })) {
    for (const name of ["news", "private-room"]) {
      (await listen(client, name)).bind("told", (data: string) => heard.push(`${who} ${name} ${data}`));
    }
  }

  await application.trigger(["news", "private-room"], "told", "one", { socket_id: alice.connection.socket_id });
  await application.triggerBatch([{ channel: "news", name: "told", data: "two", socket_id: bob.connection.socket_id }]);
  await Promise.all([settled(alice), settled(bob)]);

  expect(heard.sort()).toEqual(["alice news two", "bob news one", "bob private-room one"]);
});

test("the application can ask who listens to what", async () => {
  const [phone, laptop] = [await connect("alice"), await connect("alice")];
  for (const client of [phone, laptop]) await listen(client, "presence-room");
  await listen(phone, "news");
  await signedIn("bob");

  expect(await get("/channels")).toEqual({ channels: { news: {}, "presence-room": {} } });
  const counts = { user_count: 1, subscription_count: 2 };
  const info = "user_count,subscription_count";
  expect(await get("/channels", { filter_by_prefix: "presence-", info })).toEqual({ channels: { "presence-room": counts } });
  expect(await get("/channels/presence-room", { info })).toEqual({ occupied: true, ...counts });
  expect(await get("/channels/olds", { info: "subscription_count" })).toEqual({ occupied: false, subscription_count: 0 });
  expect(await get("/channels/presence-room/users")).toEqual({ users: [{ id: "alice" }] });
  const told = await application.trigger(["news", "presence-room"], "told", "x", { info });
  expect(await told.json()).toEqual({ channels: { news: { subscription_count: 1 }, "presence-room": counts } });
});
