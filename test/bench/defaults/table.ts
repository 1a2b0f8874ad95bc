import { type Configuration, nameOf } from './configurations.ts';

/** A line of the results file. */
export interface Result {
  readonly key: string;
  readonly data: string;
  readonly seed: number;
  readonly configuration: Configuration;
  readonly baseLoss?: number;
  readonly heldOutLoss?: number;
  readonly parameters?: number;
  readonly bytes?: number;
  readonly failed?: string;
}

/** '1.6032 ± 0.0012 (3)': the mean, the standard deviation of the sample, and how many seeds. */
function cell(results: readonly Result[]): string {
  const failed = results.filter((one) => one.failed !== undefined).length;
  const losses = results.flatMap(({ heldOutLoss, failed }) =>
    failed === undefined && heldOutLoss !== undefined ? [heldOutLoss] : [],
  );
  const notes = failed > 0 ? `${failed} failed` : '';
  if (losses.length === 0) return notes || '-';
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const squares = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
  const spread = losses.length > 1 ? ` ± ${Math.sqrt(squares / (losses.length - 1)).toFixed(4)}` : '';
  return `${mean.toFixed(4)}${spread} (${losses.length})${notes ? `, ${notes}` : ''}`;
}

/** A Markdown table: a line for each configuration, a column for each data set, held-out losses with their spread over seeds. */
export function table(results: readonly Result[], configurations: readonly Configuration[]): string {
  const data = [...new Set(results.map((one) => one.data))];
  const base = data.map(
    (name) => results.find((one) => one.data === name && one.baseLoss)?.baseLoss?.toFixed(4) ?? '-',
  );
  const lines = configurations.flatMap((configuration) => {
    const name = nameOf(configuration);
    const own = results.filter((one) => nameOf(one.configuration) === name);
    const any = own.find(({ parameters }) => parameters !== undefined);
    if (own.length === 0) return [];
    const sizes = [any?.parameters, any?.bytes].map((size) => size?.toLocaleString('en') ?? '-');
    return [[name, ...sizes, ...data.map((one) => cell(own.filter((result) => result.data === one)))]];
  });
  const rows = [
    ['method', 'trainable', 'bytes', ...data],
    ['---', '---:', '---:', ...data.map(() => '---:')],
    ['base', '0', '0', ...base],
    ...lines,
  ];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}
