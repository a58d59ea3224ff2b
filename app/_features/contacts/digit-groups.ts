/** Takes the 60 digits of a safety number; returns them in groups of five, as they are read aloud. */
export function digitGroups(digits: string): string[] {
  return digits.replace(/\D/g, "").match(/.{1,5}/g) ?? [];
}
