/** Gives every chat's address one static file: /c/CHAT is rewritten to it, and the id is read from the address. */
export default function Page() {
  return null;
}
