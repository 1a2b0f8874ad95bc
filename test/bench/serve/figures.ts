/** Figures of a benchmark: how they are measured side by side, and how they are printed. */

/** One line of the report. */
export interface Figure {
  readonly part: string;
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  /** What stands beside it. */
  readonly beside?: { readonly name: string; readonly value: number };
  /** How many times better `value` is than the one beside it: the median of the pairs. */
  readonly ratio?: number;
  /** The least ratio or the largest value that is good enough. */
  readonly target?: { readonly ratio: number } | { readonly most: number };
  /** The best value that the machine's memory and processor allow. */
  readonly limit?: number;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** By linear interpolation between the two nearest values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = ((sorted.length - 1) * percent) / 100;
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at % 1);
}

/** Measures all sides in turn, so that a slow moment of the machine meets each of them. -> the values of each side, [rounds]. */
export async function inTurns<N extends string>(
  rounds: number,
  sides: Readonly<Record<N, (round: number) => Promise<number>>>,
): Promise<Record<N, number[]>> {
  const names = Object.keys(sides) as N[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>;
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length]!; // nobody is always the first
      values[name].push(await sides[name](round));
    }
  return values;
}

/** The median of the ratios of pairs. */
export const ratioOf = (values: readonly number[], others: readonly number[]): number =>
  median(values.map((value, i) => value / others[i]!));

/** Whether a figure is good enough; undefined where it has no target. */
export function meets({ value, ratio, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return 'ratio' in target ? (ratio ?? NaN) >= target.ratio : value <= target.most;
}

const text = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);

/** A table in Markdown. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure): string[] => {
    const { part, what, unit, value, beside, ratio, target, limit } = figure;
    const met = meets(figure);
    const wanted = target && ('ratio' in target ? `${target.ratio} x` : `${target.most} ${unit}`);
    return [
      part,
      what,
      `${text(value)} ${unit}`,
      beside ? `${beside.name}: ${text(beside.value)}` : '',
      ratio === undefined ? '' : `${text(ratio)} x`,
      wanted === undefined ? '' : `${wanted}: ${met ? 'met' : 'not met'}`,
      limit === undefined ? '' : `${((100 * value) / limit).toFixed(0)} %`,
    ];
  });
  const all = [['part', 'figure', 'here', 'beside it', 'ratio', 'target', 'of the limit'], ...rows];
  const widths = all[0]!.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  const lines = all.map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}
