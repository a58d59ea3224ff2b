import { AuthorizeChannel, ChannelAuthorization, SignInSocket, SocketSignIn } from "../contract/events";
import { authorizeChannel } from "../services/authorize-channel";
import { signInSocket } from "../services/sign-in-socket";
import { deviceProcedure, router } from "../trpc";

export const realtimeRouter = router({
  signIn: deviceProcedure
    .input(SignInSocket)
    .output(SocketSignIn)
    .mutation(({ ctx, input }) => signInSocket(ctx, input)),
  authorize: deviceProcedure
    .input(AuthorizeChannel)
    .output(ChannelAuthorization)
    .mutation(({ ctx, input }) => authorizeChannel(ctx, input)),
});
