import type { Command } from 'commander';
import { baseName } from '../protocol/baseName.ts';
import { abilitiesText, limitsOf } from '../protocol/abilityText.ts';
import { models, type OfferedModel } from '../protocol/generation.ts';
import { asking, type Common } from './group.ts';
import { type Column, tableOf } from './listing.ts';
import { plain, print, printJson } from './output.ts';

const HELP = `
Lists the base models that were used, the last used first, and what each can do. A base that fills in the middle gives the best inline
completions; one with a chat template can hold a conversation. Nothing is loaded for this. With --json: one object per line.`;

const COLUMNS: Column<OfferedModel>[] = [
  { head: 'base', cell: ({ model }) => baseName(model.base) },
  {
    head: 'can',
    cell: ({ abilities, problem }) =>
      abilities === null ? (problem ?? 'not on this machine in its final form yet') : abilitiesText(abilities),
  },
  {
    head: 'parameters',
    cell: ({ abilities }) => (abilities === null ? '' : `${(abilities.parameters / 1e6).toPrecision(3)} million`),
    side: 'right',
  },
  { head: 'from', cell: ({ model }) => model.base },
];

const MOST = 100; // what one answer lists

export function registerModels(program: Command): void {
  program
    .command('models')
    .description('list base models and what they can do')
    .addHelpText('after', HELP)
    .action(
      asking(async (client, { json }: Common) => {
        const { bases } = await client.call(models, { bases: MOST, adapters: 0 });
        if (json) bases.forEach((base) => printJson(base));
        else if (bases.length === 0) print('No base model was used yet');
        else printModels(bases);
      }),
    );
}

function printModels(bases: readonly OfferedModel[]): void {
  print(tableOf(bases, COLUMNS));
  for (const { model, abilities } of bases) {
    const limits = abilities === null ? [] : [...new Set([...limitsOf(abilities, 'completion'), ...limitsOf(abilities, 'chat')])]; // prettier-ignore
    for (const limit of limits) print(`${plain(baseName(model.base))}: ${limit}`);
  }
}
