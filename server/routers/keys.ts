import { z } from "zod";
import { ClaimPrekeys, GetManifests, Manifests, PrekeyBundles, PrekeyCount, PrekeyUpload } from "../contract/devices";
import { claimPrekeys } from "../services/claim-prekeys";
import { getManifests } from "../services/get-manifests";
import { countKeys, publishKeys } from "../services/publish-keys";
import { deviceProcedure, router, sessionProcedure } from "../trpc";

export const keysRouter = router({
  upload: deviceProcedure
    .input(PrekeyUpload)
    .output(PrekeyCount)
    .mutation(({ ctx, input }) => publishKeys(ctx.app, ctx.caller, input)),
  count: deviceProcedure
    .input(z.void())
    .output(PrekeyCount)
    .query(({ ctx }) => countKeys(ctx.app, ctx.caller)),
  claim: deviceProcedure
    .input(ClaimPrekeys)
    .output(PrekeyBundles)
    .mutation(({ ctx, input }) => claimPrekeys(ctx.app, ctx.caller, input)),
  manifests: sessionProcedure
    .input(GetManifests)
    .output(Manifests)
    .query(({ ctx, input }) => getManifests(ctx.app, ctx.caller, input)),
});
