import { z } from "zod";
import { ChatInfo, ChatList, GetStatements, OpenChat, Statements } from "../contract/chats";
import { chatStatements } from "../services/chat-statements";
import { listChats } from "../services/list-chats";
import { openChat } from "../services/open-chat";
import { deviceProcedure, router } from "../trpc";

export const chatsRouter = router({
  open: deviceProcedure
    .input(OpenChat)
    .output(ChatInfo)
    .mutation(({ ctx, input }) => openChat(ctx.app, ctx.caller, input)),
  list: deviceProcedure
    .input(z.void())
    .output(ChatList)
    .query(({ ctx }) => listChats(ctx.app, ctx.caller)),
  statements: deviceProcedure
    .input(GetStatements)
    .output(Statements)
    .query(({ ctx, input }) => chatStatements(ctx.app, ctx.caller, input)),
});
