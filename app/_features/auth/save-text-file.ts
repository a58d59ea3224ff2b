/** Hands the browser a text file to save, without any server. */
export function saveTextFile(fileName: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  // The download has begun with its own reference to the bytes.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
