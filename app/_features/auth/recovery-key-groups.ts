/** Takes a recovery key as it is written; returns its groups of letters and digits. */
export function recoveryKeyGroups(recoveryKey: string): string[] {
  return recoveryKey.split(/[\s-]+/).filter(Boolean);
}

/** Whether what was typed is that group: letter case, spaces, and Crockford's look-alikes (O for 0, I and L for 1) don't matter. */
export function isSameGroup(typed: string, group: string): boolean {
  return plain(typed) === plain(group);
}

const plain = (text: string): string => text.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");

/** The text of the file that is saved. `username@server` says what it opens; nothing else may be learnt from it. */
export function recoveryKeyFile(recoveryKey: string, username: string, server: string): string {
  const groups = recoveryKeyGroups(recoveryKey);
  const lines = [];
  for (let i = 0; i < groups.length; i += 4) lines.push(groups.slice(i, i + 4).join(" "));
  return `Parley recovery key\n${username} on ${server}\n\n${lines.join("\n")}\n\nKeep it where only you find it. Whoever has it can take over your account.\n`;
}
