/** The factor by which tests with many runs do more than by default: PARLEY_TEST_RUNS, a number above 0, or 1. */
export function testRuns(): number {
  const factor = Number(process.env.PARLEY_TEST_RUNS ?? 1);
  if (!(factor > 0)) throw new RangeError("PARLEY_TEST_RUNS is a number above 0");
  return factor;
}
