import { z } from "zod";
import { GetPresence, GotPresence, Privacy, SetPrivacy } from "../contract/presence";
import { getPresence } from "../services/get-presence";
import { getPrivacy, setPrivacy } from "../services/privacy";
import { deviceProcedure, router } from "../trpc";

export const presenceRouter = router({
  /** A mutation, so that whom one looks at is in no URL. */
  get: deviceProcedure
    .input(GetPresence)
    .output(GotPresence)
    .mutation(({ ctx, input }) => getPresence(ctx, input)),
  privacy: deviceProcedure
    .input(z.void())
    .output(Privacy)
    .query(({ ctx }) => getPrivacy(ctx)),
  setPrivacy: deviceProcedure
    .input(SetPrivacy)
    .output(Privacy)
    .mutation(({ ctx, input }) => setPrivacy(ctx, input)),
});
