import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { saveAdapter } from '../export/adapter.ts';
import { quote } from '../formats/quote.ts';
import { openAdapter, showProgress } from './adapter.ts';
import { print, printJson } from './output.ts';

interface Flags {
  base: string;
  out: string;
  projection?: boolean;
  json?: boolean;
}

const HELP = `
A and B of a VeRA adapter are stored only where its projection key does not give them back (--projection: always).
With --json: {"out":...,"method":...,"rank":...,"trainableParameters":...}.`;

export function registerImport(program: Command): void {
  program
    .command('import')
    .description('check a PEFT folder (VeRA or LoRA) against a base and write it as an adapter of this program')
    .argument('<dir>', 'folder with adapter_config.json and adapter_model.safetensors')
    .requiredOption('--base <model>', 'Hugging Face folder, GGUF file or hub id it was trained on')
    .requiredOption('--out <dir>', 'folder to write; must be new or empty')
    .option('--projection', "store VeRA's A and B in any case")
    .addHelpText('after', HELP)
    .action(take);
}

async function take(dir: string, { base, out, projection, json }: Flags): Promise<void> {
  const { adapter } = await openAdapter(dir, base);
  showProgress('', 1);
  // A path is kept whole, so that the adapter finds its base from any folder; a hub id stays one.
  const basePath = existsSync(base) ? resolve(base) : base;
  const stores = projection === true || adapter.projection !== undefined;
  await saveAdapter(out, { ...adapter, basePath }, { projection: stores });
  const { method, options, targets, theta } = adapter;
  if (json) printJson({ out, method, rank: options.rank, trainableParameters: theta.length });
  else print(`${method} adapter, rank ${options.rank} on ${targets}, ${theta.length} parameters, in ${quote(out)}`);
}
