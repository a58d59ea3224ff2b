/** Finding people, and making sure of them. */
export { NewChatDialog, SafetyNumberDialog } from "./dialogs";
