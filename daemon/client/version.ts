/**
 * Orders versions such as '1.2.10' and '1.3.0-beta.2': above 0 where a is newer than b. One order for all, so that of two
 * programs at most one replaces the other's daemon.
 */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.max(x.numbers.length, y.numbers.length); i++) {
    const difference = (x.numbers[i] ?? 0) - (y.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  // Of two with the same numbers, the one without a word after them is the newer.
  if (x.rest === '' || y.rest === '') return x.rest.length === y.rest.length ? 0 : x.rest === '' ? 1 : -1;
  return x.rest < y.rest ? -1 : x.rest > y.rest ? 1 : 0;
}

function partsOf(version: string): { numbers: number[]; rest: string } {
  const [, numbers = '', rest = ''] = /^v?(\d+(?:\.\d+)*)?(.*)$/s.exec(version) ?? [];
  return { numbers: numbers.split('.').map(Number), rest };
}
