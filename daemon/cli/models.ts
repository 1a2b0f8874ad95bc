import { resolve } from 'node:path';
import type { Command } from 'commander';
import { abilitiesText, limitsOf } from '../protocol/abilityText.ts';
import { baseName } from '../protocol/baseName.ts';
import { find, type FoundBase, type HubBase, recommended, type RecommendedBase, search } from '../protocol/bases.ts';
import { models, type OfferedModel } from '../protocol/generation.ts';
import { bytesText } from '../protocol/text.ts';
import { doJob } from './doJob.ts';
import { asking, type Common, group } from './group.ts';
import { ownHubToken } from './hubToken.ts';
import { type Column, tableOf } from './listing.ts';
import { plain, print, printJson } from './output.ts';
import { absolute } from './reference.ts';

const HELP = `
Lists the base models that were used, the last used first, and what each can do. A base that fills in the middle gives the best inline
completions; one with a chat template can hold a conversation. Nothing is loaded for this. With --json: one object per line.

Examples:
  $ vera models find ~/Downloads
  $ vera models search qwen coder
  $ vera models fetch Qwen/Qwen2.5-Coder-0.5B`;

const COLUMNS: Column<OfferedModel>[] = [
  { head: 'base', cell: ({ model }) => baseName(model.base) },
  {
    head: 'can',
    cell: ({ abilities, problem }) =>
      abilities === null ? (problem ?? 'not on this machine in its final form yet') : abilitiesText(abilities),
  },
  { head: 'parameters', cell: ({ abilities }) => millions(abilities?.parameters ?? null), side: 'right' },
  { head: 'from', cell: ({ model }) => model.base },
];

const millions = (parameters: number | null): string =>
  parameters === null ? '' : `${(parameters / 1e6).toPrecision(3)} million`;
const sizeText = ({ bytes }: { bytes: number | null }): string => (bytes === null ? '' : bytesText(bytes));

const FOUND: Column<FoundBase>[] = [
  { head: 'model', cell: ({ name }) => name },
  { head: 'size', cell: sizeText, side: 'right' },
  { head: 'stored as', cell: ({ format, storedAs }) => [format, storedAs ?? ''].join(' ').trim() },
  { head: 'licence', cell: ({ licence }) => licence ?? '' },
  { head: 'found in', cell: ({ from }) => from },
  { head: 'give as --base', cell: ({ spec }) => spec },
];

const RECOMMENDED: Column<RecommendedBase>[] = [
  { head: 'model', cell: ({ id }) => id },
  { head: 'download', cell: sizeText, side: 'right' },
  { head: 'good at', cell: ({ goodAt }) => goodAt.join(', ') },
  { head: 'licence', cell: ({ licence, gated }) => `${licence ?? ''}${gated ? ', asks for a token' : ''}` },
  { head: '', cell: ({ summary }) => summary },
];

const ON_HUB: Column<HubBase>[] = [
  { head: 'model', cell: ({ id }) => id },
  { head: 'download', cell: sizeText, side: 'right' },
  { head: 'parameters', cell: ({ parameters }) => millions(parameters), side: 'right' },
  { head: 'licence', cell: ({ licence, gated }) => `${licence ?? ''}${gated ? ', asks for a token' : ''}` },
  { head: 'downloads', cell: ({ downloads }) => String(downloads ?? ''), side: 'right' },
];

const MOST = 100; // what one answer lists

export function registerModels(program: Command): void {
  const command = group(program, 'models', 'find base models, and list what they can do').addHelpText('after', HELP);
  command.action(
    asking(async (client, { json }: Common) => {
      const { bases } = await client.call(models, { bases: MOST, adapters: 0 });
      if (json) bases.forEach((base) => printJson(base));
      else if (bases.length === 0) print('No base model was used yet. Find one with: vera models find');
      else printModels(bases);
    }),
  );
  command
    .command('find')
    .description('list models on this machine: used ones, Hugging Face, Ollama, LM Studio, and the given folders')
    .argument('[folders...]', 'folders to look into for GGUF files and model folders')
    .action(
      asking(async (client, { json }: Common, folders: string[]) => {
        const { items, stopped } = await client.call(find, { folders: folders.map((one) => resolve(one)) });
        if (json) return items.forEach((one) => printJson(one));
        const good = items.filter(({ problem }) => problem === null);
        print(good.length === 0 ? 'No model that can be trained was found' : tableOf(good, FOUND));
        for (const { spec, problem } of items)
          if (problem !== null) print(plain(`Cannot be trained: ${spec}: ${problem}`));
        if (stopped !== null) print(stopped);
      }),
    );
  command
    .command('recommended')
    .description('list models of the hub that are known to work')
    .action(
      asking(async (client, { json }: Common) => {
        const { items } = await client.call(recommended, {});
        if (json) items.forEach((one) => printJson(one));
        else print(tableOf(items, RECOMMENDED));
      }),
    );
  command
    .command('search')
    .description('search the hub for models that can be trained')
    .argument('<words...>', 'words, an id such as Qwen/Qwen3-0.6B, or the address of a model')
    .action(
      asking(async (client, { json }: Common, words: string[]) => {
        const { items } = await client.call(search, { text: words.join(' '), ...ownHubToken() });
        if (json) return items.forEach((one) => printJson(one));
        const good = items.filter(({ problem }) => problem === null);
        if (good.length > 0) print(tableOf(good, ON_HUB));
        else if (items.length === 0) print('The hub has no model with these words that can be trained');
        for (const { id, problem } of items) if (problem !== null) print(plain(`${id} cannot be trained: ${problem}`));
      }),
    );
  command
    .command('fetch')
    .description('download a model of the hub, or convert a GGUF file, so that later runs find it ready')
    .argument('<base>', 'a hub id, a GGUF file or a model folder')
    .action(async (base: string, _: unknown, from: Command) => {
      const result = await doJob({ spec: { kind: 'download', base: absolute(base) } });
      if (from.optsWithGlobals<Common>().json) printJson(result);
      else print(`Ready: ${plain(String(result['dir']))}`);
    });
}

function printModels(bases: readonly OfferedModel[]): void {
  print(tableOf(bases, COLUMNS));
  for (const { model, abilities } of bases) {
    const limits = abilities === null ? [] : [...new Set([...limitsOf(abilities, 'completion'), ...limitsOf(abilities, 'chat')])]; // prettier-ignore
    for (const limit of limits) print(`${plain(baseName(model.base))}: ${limit}`);
  }
}
