import type { AdapterRow } from '../../daemon/protocol/adapters.ts';
import type { Description } from '../../daemon/protocol/settings.ts';
import { bytesText } from '../../daemon/protocol/text.ts';
import { valueText } from '../../daemon/settings/setting.ts';
import { countText, lastPart, lossText, oneLine } from '../text.ts';
import { ownSettings } from '../tuning/fields.ts';

/** An adapter with what the daemon says of its method. */
export interface ShownAdapter extends AdapterRow {
  /** 'VeRA' */
  readonly methodLabel: string;
  /** The method's options by their labels. */
  readonly optionTexts: readonly (readonly [label: string, value: string])[];
}

export function shownAdapter(row: AdapterRow, described: Description): ShownAdapter {
  const { method, options } = row;
  const own = ownSettings(described, method).flatMap(({ name, label }) => {
    const value = options[name];
    return value === undefined ? [] : [[label, valueText(value)] as const];
  });
  return { ...row, methodLabel: methodLabel(described, method), optionTexts: own };
}

/** A method as people write it: 'VeRA'. */
export const methodLabel = ({ methods }: Description, method: string): string =>
  methods.find(({ name }) => name === method)?.label ?? method;

/** The text beside a name: 'VeRA 256 · 31 kB · loss 2.105'. */
export function describeAdapter(adapter: ShownAdapter, active: boolean): string {
  const { methodLabel, options, bytes, heldOutLoss, trainLoss } = adapter;
  const loss = heldOutLoss ?? trainLoss;
  return [
    ...(active ? ['active'] : []),
    typeof options['rank'] === 'number' ? `${methodLabel} ${options['rank']}` : methodLabel,
    bytesText(bytes),
    ...(loss === null ? [] : [`loss ${lossText(loss)}`]),
  ].join(' · ');
}

/** The facts about an adapter, as labels and values, for tooltips and comparisons. */
export function factsOf(adapter: ShownAdapter): [name: string, value: string][] {
  const { heldOutLoss, baseHeldOutLoss, trainLoss } = adapter;
  const loss = (value: number | null): string => (value === null ? 'not measured' : lossText(value));
  return [
    ['Method', adapter.methodLabel],
    ...adapter.optionTexts.map(([label, value]): [string, string] => [label, value]),
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
export function comparison(a: ShownAdapter, b: ShownAdapter): string {
  const [left, right] = [new Map(factsOf(a)), new Map(factsOf(b))];
  // Adapters of different methods have different options.
  const names = [...new Set([...left.keys(), ...right.keys()])];
  const rows = names.map((name) => ({ name, value: left.get(name) ?? 'none', other: right.get(name) ?? 'none' }));
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
