import { z } from "zod";
import { AttachDevice, PublishManifest, RegisterDevice, Registered } from "../contract/devices";
import { attachDevice } from "../services/attach-device";
import { publishManifest } from "../services/publish-manifest";
import { registerDevice } from "../services/register-device";
import { deviceProcedure, router, sessionProcedure } from "../trpc";

export const devicesRouter = router({
  register: sessionProcedure
    .input(RegisterDevice)
    .output(Registered)
    .mutation(({ ctx, input }) => registerDevice(ctx.app, ctx.caller, input)),
  attach: sessionProcedure
    .input(AttachDevice)
    .output(z.void())
    .mutation(({ ctx, input }) => attachDevice(ctx.app, ctx.caller, input)),
  publish: deviceProcedure
    .input(PublishManifest)
    .output(z.void())
    .mutation(({ ctx, input }) => publishManifest(ctx.app, ctx.caller, input)),
});
