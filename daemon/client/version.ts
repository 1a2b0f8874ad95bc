/**
 * Orders versions such as '1.2.10' and '1.3.0-beta.2': above 0 if a is newer than b. It is the same order for all programs, so
 * of two programs at most one replaces the daemon of the other.
 */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.max(x.numbers.length, y.numbers.length); i++) {
    const difference = (x.numbers[i] ?? 0) - (y.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  // With the same numbers, the version without a suffix is the newer one.
  if (x.rest === '' || y.rest === '') return x.rest.length === y.rest.length ? 0 : x.rest === '' ? 1 : -1;
  return x.rest < y.rest ? -1 : x.rest > y.rest ? 1 : 0;
}

function partsOf(version: string): { numbers: number[]; rest: string } {
  const [, numbers = '', rest = ''] = /^v?(\d+(?:\.\d+)*)?(.*)$/s.exec(version) ?? [];
  return { numbers: numbers.split('.').map(Number), rest };
}
