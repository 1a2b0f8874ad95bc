import { readFileSync } from 'node:fs';
import { text as readText } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { FORMAT_SETTINGS } from '../weights/settings.ts';
import { VeraError } from '../protocol/errors.ts';
import { RUN_GROUP } from '../train/runSettings.ts';
import { addWhich } from './adapterNames.ts';
import { addSampling, answer, checkSampling, type GenerateFlags, modelText, readyBase } from './answer.ts';
import { print, printJson } from './output.ts';
import { isAdapterFolder } from './reference.ts';
import { addSettings } from './settingOptions.ts';
import { withDaemon } from './withDaemon.ts';

/** Settings of a run that generation has a use for. */
const SETTINGS = [...FORMAT_SETTINGS, ...RUN_GROUP.settings].filter(({ name }) =>
  ['precision', 'threads'].includes(name),
);

const HELP = `
Without --adapter and --base, the active adapter answers (vera adapters activate). The daemon generates the text, with the weight
format of VERA_SERVE_PRECISION; a note on standard error says which adapter and base answer. An adapter's folder, --precision and
--threads work without a daemon, as --foreground does.
Prints the continuation, without the prompt, as it is generated. With --json it prints one line at the end: {"text":...}.
The same seed and settings give the same text.`;

export function registerGenerate(program: Command): void {
  const command = program
    .command('generate')
    .description('continue a text with a base model, with or without an adapter')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the base that the adapter names)')
    .option('--adapter <adapter>', 'adapter: a folder, or its name or number in the catalog (default: the active one)')
    .requiredOption('--prompt <text>', 'text to continue; - reads it from standard input');
  addSampling(command, 128)
    .option('--chat', "apply the model's chat template, with the prompt as a user's message")
    .option('--system <text>', 'system message before the prompt, with --chat')
    .addOption(
      new Option('--fim-suffix <text>', 'generate the text between the prompt and this text').conflicts('chat'),
    )
    .option('--json-schema <file>', 'answer with JSON that fits the JSON schema in this file')
    .addOption(new Option('--foreground', 'generate in this process, without daemon').conflicts('jsonSchema'))
    .addHelpText('after', HELP)
    .action(generate);
  addWhich(command);
  addSettings(command, SETTINGS);
}

async function generate(given: GenerateFlags): Promise<void> {
  const flags = given.prompt === '-' ? { ...given, prompt: await readInput() } : given;
  const { json, adapter, precision, threads, foreground, system, chat } = flags;
  if (system !== undefined && !chat) throw new VeraError('usage', '--system needs --chat');
  // Checks the settings before anything large is opened.
  checkSampling(flags);
  const say = (text: string): void => {
    if (!json) process.stdout.write(text);
  };
  const isFolder = adapter !== undefined && isAdapterFolder(adapter);
  const here = foreground === true || isFolder || precision !== undefined || threads !== undefined;
  if (here) {
    if (flags.jsonSchema !== undefined)
      throw new VeraError(
        'usage',
        'a JSON schema is followed by the daemon: leave out --precision and --threads, and name the adapter as the catalog does',
      );
    // Only this way needs onnxruntime.
    const { generateHere } = await import('./generateForeground.ts');
    const text = await generateHere(flags, say);
    if (json) printJson({ text });
    else print();
    return;
  }
  const schema = flags.jsonSchema === undefined ? undefined : readSchema(flags.jsonSchema);
  await readyBase(flags.base);
  const { text, model, reason, usage } = await withDaemon((client) =>
    answer(client, flags, promptOf(flags), {
      model: (model) => process.stderr.write(`${modelText(model)}\n`),
      text: say,
      schema,
    }),
  );
  if (json) printJson({ text, model: model.id, adapter: model.adapter, active: model.active, reason, usage });
  else print();
}

/** All of standard input as it is: a line feed at its end is part of the prompt. */
async function readInput(): Promise<string> {
  const prompt = await readText(process.stdin);
  if (prompt === '') throw new VeraError('usage', '--prompt -: standard input is empty');
  return prompt;
}

function readSchema(file: string): Record<string, unknown> {
  let schema: unknown;
  try {
    schema = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new VeraError('usage', `the JSON schema ${file} cannot be read: ${(error as Error).message}`);
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw new VeraError('usage', `the JSON schema ${file} is not a JSON object`);
  return schema as Record<string, unknown>;
}

function promptOf({ prompt, chat, system, fimSuffix }: GenerateFlags): Parameters<typeof answer>[2] {
  if (chat) {
    const first = system === undefined ? [] : [{ role: 'system', content: system }];
    return { messages: [...first, { role: 'user', content: prompt }] };
  }
  return fimSuffix === undefined ? { text: prompt } : { prefix: prompt, suffix: fimSuffix };
}
