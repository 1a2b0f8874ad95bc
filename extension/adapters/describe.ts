import type { AdapterRow } from '../../daemon/protocol/adapters.ts';
import { bytesText } from '../../daemon/protocol/text.ts';
import { countText, lastPart, lossText, oneLine } from '../text.ts';

export const METHOD_NAMES: Readonly<Record<string, string>> = { vera: 'VeRA', lora: 'LoRA', full: 'Full' };

/** The text beside a name: 'VeRA 256 · 31 kB · loss 2.105'. */
export function describeAdapter(adapter: AdapterRow, active: boolean): string {
  const { bytes, heldOutLoss, trainLoss } = adapter;
  const loss = heldOutLoss ?? trainLoss;
  return [
    ...(active ? ['active'] : []),
    methodText(adapter, ' '),
    bytesText(bytes),
    ...(loss === null ? [] : [`loss ${lossText(loss)}`]),
  ].join(' · ');
}

/** 'VeRA 256': the method, and the rank where it has one. */
function methodText({ method, options }: AdapterRow, between: string): string {
  const name = METHOD_NAMES[method] ?? method;
  return typeof options['rank'] === 'number' ? `${name}${between}${options['rank']}` : name;
}

/** The facts about an adapter, as labels and values, for tooltips and comparisons. */
export function factsOf(adapter: AdapterRow): [name: string, value: string][] {
  const { heldOutLoss, baseHeldOutLoss, trainLoss } = adapter;
  const loss = (value: number | null): string => (value === null ? 'not measured' : lossText(value));
  return [
    ['Method', methodText(adapter, ', rank ')],
    ['Adapted layers', oneLine(adapter.targets)],
    ['Trained parameters', countText(adapter.parameters)],
    ['Size', bytesText(adapter.bytes)],
    ...(adapter.ownFrozen ? [['Frozen tensors', 'stored with it'] as [string, string]] : []),
    ['Base model', lastPart(adapter.base.name)],
    ['Held-out loss', loss(heldOutLoss)],
    ['Held-out loss of the base', loss(baseHeldOutLoss)],
    ['Training loss', loss(trainLoss)],
    ['Project', adapter.project ?? 'none'],
    ['User', adapter.user],
    ['Tags', adapter.tags.length === 0 ? 'none' : adapter.tags.join(', ')],
    ['Made', new Date(adapter.createdAt).toLocaleString('en-GB')],
    ['Note', adapter.note === '' ? 'none' : oneLine(adapter.note)],
    ['Content (sha256)', adapter.hash],
  ];
}

/** A Markdown table of two adapters side by side. Lines that differ come first. Pure. */
export function comparison(a: AdapterRow, b: AdapterRow): string {
  const [left, right] = [factsOf(a), factsOf(b)];
  const rows = left.map(([name, value], i) => ({ name, value, other: right[i]![1] }));
  const cell = (text: string): string => text.replace(/[\\`*_{}[\]<>()#+!|~&-]/g, '\\$&');
  const line = ({ name, value, other }: (typeof rows)[number]): string =>
    `| ${name} | ${cell(value)} | ${cell(other)} |`;
  const differ = rows.filter(({ value, other }) => value !== other);
  const same = rows.filter(({ value, other }) => value === other);
  return [
    `# ${cell(a.name)} and ${cell(b.name)}`,
    '',
    `|  | ${cell(a.name)} | ${cell(b.name)} |`,
    '| --- | --- | --- |',
    ...differ.map(line),
    ...(same.length === 0
      ? []
      : [
          '',
          '## The same in both',
          '',
          '|  |  |',
          '| --- | --- |',
          ...same.map(({ name, value }) => `| ${name} | ${cell(value)} |`),
        ]),
    '',
  ].join('\n');
}
