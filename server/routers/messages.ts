import { z } from "zod";
import { Acknowledge, Acknowledged, Pull, Pulled, SendEntries, SentEntries } from "../contract/chats";
import { SendCounters } from "../contract/devices";
import { acknowledge } from "../services/acknowledge";
import { pullEntries } from "../services/pull-entries";
import { sendCounters } from "../services/send-counters";
import { sendEntries } from "../services/send-entries";
import { deviceProcedure, router } from "../trpc";

export const messagesRouter = router({
  send: deviceProcedure
    .input(SendEntries)
    .output(SentEntries)
    .mutation(({ ctx, input }) => sendEntries(ctx.app, ctx.caller, input)),
  /** Changes nothing, but thousands of cursors don't fit into a URL: a mutation, so that they travel in the body. */
  pull: deviceProcedure
    .input(Pull)
    .output(Pulled)
    .mutation(({ ctx, input }) => pullEntries(ctx.app, ctx.caller, input)),
  acknowledge: deviceProcedure
    .input(Acknowledge)
    .output(Acknowledged)
    .mutation(({ ctx, input }) => acknowledge(ctx.app, ctx.caller, input)),
  sendCounters: deviceProcedure
    .input(z.void())
    .output(SendCounters)
    .query(({ ctx }) => sendCounters(ctx.app, ctx.caller)),
});
