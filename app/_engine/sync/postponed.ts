/** The server answered, but a chat can't go on yet: nothing is wrong with the line, so nobody is told. */
export class Postponed extends Error {
  override readonly name = "Postponed";
  constructor(readonly retryAfterMs: number) {
    super("postponed");
  }
}
