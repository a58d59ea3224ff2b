/** Something the operator can put right: shown as its message alone, without a stack. */
export class StartError extends Error {
  name = "StartError";
}

/** What to print for an error: one readable line where we know the cause, the stack where we do not.
 *  @param {unknown} error @returns {string} */
export function describeError(error) {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof StartError || error.name === "SettingsError") return error.message;
  return listenProblem(error) ?? error.stack ?? error.message;
}

/** @param {Error & { code?: string, port?: number, address?: string, syscall?: string }} error */
function listenProblem({ code, port, address, syscall }) {
  if (syscall !== "listen" && syscall !== "bind" && syscall !== "getaddrinfo") return undefined;
  if (code === "EADDRINUSE") return `Port ${port} is in use on ${address}. Set PORT to a free one, for example PORT=3001.`;
  if (code === "EACCES") return `Port ${port} is not allowed to this account. Set PORT to one above 1023.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return "HOST is not an address of this machine. Leave it unset, or set it to 0.0.0.0.";
  return undefined;
}
