/** Shown by the layout. */
export default function Page() {
  return null;
}
