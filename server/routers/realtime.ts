import { AuthorizeChannel, ChannelAuthorization } from "../contract/events";
import { authorizeChannel } from "../services/authorize-channel";
import { deviceProcedure, router } from "../trpc";

export const realtimeRouter = router({
  authorize: deviceProcedure
    .input(AuthorizeChannel)
    .output(ChannelAuthorization)
    .mutation(({ ctx, input }) => authorizeChannel(ctx, input)),
});
