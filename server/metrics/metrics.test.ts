import pg from "pg";
import { expect, test } from "vitest";
import { createMetrics } from "./metrics";

test("counts each event under labels of few values", async () => {
  const metrics = createMetrics({ pool: new pg.Pool(), processMetrics: false });
  metrics.signUps();
  metrics.signIns("ok");
  metrics.signIns("refused");
  metrics.signIns("refused");
  metrics.sends("accepted");
  metrics.entriesPulled(20);
  metrics.acknowledgements(3);
  metrics.prekeysClaimed("last_resort", 2);
  metrics.manifestsPublished();
  metrics.sockets(1);
  metrics.sockets(1);
  metrics.sockets(-1);
  metrics.subscriptions(1);
  metrics.messagesReceived("subscribe");
  metrics.messagesSent(5);
  metrics.publishTook(0.001);
  metrics.authRefusals("sign_in");
  metrics.eventsPublished("entry", 4);
  metrics.socketsDropped("slow");
  metrics.rateLimited("accounts.find");
  metrics.requests("page", 200, 0.003);
  const { contentType, text } = await metrics.render();
  expect(contentType).toContain("text/plain");
  const figures = text.split("\n").filter((line) => line !== "" && !/^#|_bucket/.test(line));
  expect(figures).toMatchInlineSnapshot(`
    [
      "parley_sign_ups_total 1",
      "parley_sign_ins_total{result="ok"} 1",
      "parley_sign_ins_total{result="refused"} 2",
      "parley_sends_total{outcome="accepted"} 1",
      "parley_entries_pulled_total 20",
      "parley_acknowledgements_total 3",
      "parley_prekeys_claimed_total{kind="last_resort"} 2",
      "parley_manifests_published_total 1",
      "parley_events_published_total{event="entry"} 1",
      "parley_event_deliveries_total{event="entry"} 4",
      "parley_sockets_dropped_total{reason="slow"} 1",
      "parley_socket_messages_received_total{kind="subscribe"} 1",
      "parley_socket_messages_sent_total 5",
      "parley_realtime_refusals_total{what="sign_in"} 1",
      "parley_rate_limited_total{limit="accounts.find"} 1",
      "parley_sockets 1",
      "parley_subscriptions 1",
      "parley_publish_seconds_sum 0.001",
      "parley_publish_seconds_count 1",
      "parley_request_seconds_sum{route="page",status="200"} 0.003",
      "parley_request_seconds_count{route="page",status="200"} 1",
      "parley_database_connections{state="open"} 0",
      "parley_database_connections{state="idle"} 0",
      "parley_database_connections{state="waiting"} 0",
    ]
  `);
});

test("two servers in one process count apart", async () => {
  const [one, other] = [1, 2].map(() => createMetrics({ pool: new pg.Pool(), processMetrics: true }));
  one?.signUps();
  expect((await other?.render())?.text).toContain("parley_sign_ups_total 0");
  expect((await one?.render())?.text).toContain("parley_sign_ups_total 1");
});
