import { resolve } from 'node:path';
import type { Command } from 'commander';
import { saveAdapter } from '../export/adapter.ts';
import { quote } from '../formats/quote.ts';
import { methodText, rankOf } from '../methods/options.ts';
import { adapterMethod, LINEAR_METHODS } from '../methods/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { openFolder, showProgress } from './adapter.ts';
import { doJob } from './doJob.ts';
import { print, printJson } from './output.ts';
import { absolute, label, ownerOf, userOf } from './reference.ts';
import { collectTag } from './trainOptions.ts';

interface Flags {
  base: string;
  out?: string;
  name?: string;
  note?: string;
  tag?: string[];
  project?: string;
  user?: string;
  projection?: boolean;
  json?: boolean;
}

const HELP = `
The frozen tensors of an adapter (VeRA's A and B) are stored only if they cannot be made again from its options (--projection: always).
With --json: {"out":...,"method":...,"rank":...,"trainableParameters":...}; with --name, "adapter" is its number in the catalog.`;

export function registerImport(program: Command): void {
  program
    .command('import')
    .description(
      `import a PEFT folder (${LINEAR_METHODS.map((method) => method.label).join(', ')}) that fits a base: into the catalog, as a folder, or both`,
    )
    .argument('<dir>', 'folder with adapter_config.json and adapter_model.safetensors')
    .requiredOption('--base <model>', 'base it was trained on: Hugging Face folder, GGUF file or hub id')
    .option('--out <dir>', 'folder to write; must be new or empty')
    .option('--projection', "store frozen tensors (VeRA's A and B) in any case")
    .optionsGroup('Catalog:')
    .option('--name <name>', 'add it to the catalog with this name', label)
    .option('--note <text>', 'a note on the adapter')
    .option('--tag <tag>', 'a tag of the adapter; may be repeated', collectTag)
    .option(
      '--project <project>',
      'project of the adapter: its name, number, or a folder such as ./folder (default: none)',
    )
    .option('--user <user>', 'user of the adapter: name or number (default: the user who started the daemon)')
    .addHelpText('after', HELP)
    .action(take);
}

async function take(dir: string, flags: Flags): Promise<void> {
  const { base, out, name, projection, json } = flags;
  if (out === undefined && name === undefined)
    throw new VeraError(
      'usage',
      'choose where to put it: --name NAME for the catalog, --out DIR for a folder, or both',
    );
  const { adapter } = await openFolder(dir, base);
  showProgress('', 1);
  const basePath = absolute(base);
  if (out !== undefined) {
    const stores = projection === true || adapter.frozen !== undefined;
    await saveAdapter(out, { ...adapter, basePath }, { projection: stores });
  }
  const id = name === undefined ? undefined : await intoCatalog(resolve(dir), basePath, name, flags);
  const { method, options, targets, theta } = adapter;
  if (json) {
    const where = { ...(out === undefined ? {} : { out }), ...(id === undefined ? {} : { adapter: id }) };
    printJson({ ...where, method, rank: rankOf(options), trainableParameters: theta.length });
  } else {
    const where = [
      ...(out === undefined ? [] : [`in ${quote(out)}`]),
      ...(id === undefined ? [] : [`in the catalog as number ${id}`]),
    ];
    print(
      `${methodText(adapterMethod(method), options)} on ${targets}, ${theta.length} parameters, ${where.join(' and ')}`,
    );
  }
}

/** Imports a folder as a job of the daemon. Returns the adapter's number. */
async function intoCatalog(
  dir: string,
  base: string,
  name: string,
  { note, tag, project, user }: Flags,
): Promise<number> {
  const labels = { name, ...(note === undefined ? {} : { note }), ...(tag === undefined ? {} : { tags: tag }) };
  const { adapter } = await doJob({
    spec: { kind: 'import', dir, base, ...labels },
    ...userOf(user),
    ...ownerOf(project),
  });
  return Number(adapter);
}
