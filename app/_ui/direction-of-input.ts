/** The `dir` of a line that people type into: what they write decides; a placeholder stands as the page does. */
export function directionOfInput(value: string): "auto" | undefined {
  return value === "" ? undefined : "auto";
}
