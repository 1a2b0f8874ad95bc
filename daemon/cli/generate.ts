import { type Command, Option } from 'commander';
import { loadTokenizer, type Tokenizer } from '../data/tokenizer.ts';
import type { Adapter } from '../export/adapter.ts';
import { cacheFolder } from '../home.ts';
import { unadapted } from '../models/adaptation.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import type { BaseModel } from '../models/base.ts';
import { resolveBase } from '../models/resolve.ts';
import { VeraError } from '../protocol/errors.ts';
import { Generator } from '../serve/generate.ts';
import { chatPrompt, fillPrompt, textPrompt } from '../serve/prompt.ts';
import { sampler } from '../serve/sample.ts';
import { MODEL_GROUP } from '../weights/settings.ts';
import { RUN_GROUP } from '../train/runSettings.ts';
import { stopTokens } from '../serve/stop.ts';
import { textStream } from '../serve/stream.ts';
import { openAdapter, showProgress } from './adapter.ts';
import { nonNegativeInteger, nonNegativeNumber, positiveInteger, probability, seed } from './options.ts';
import { printJson } from './output.ts';
import { addSettings } from './settingOptions.ts';

interface Flags {
  base?: string;
  adapter?: string;
  prompt: string;
  maxTokens: number;
  temperature: number;
  topP: number;
  topK: number;
  seed: number;
  chat?: boolean;
  system?: string;
  fimSuffix?: string;
  precision?: string;
  threads?: number;
  json?: boolean;
}

/** Settings of a run that generation has a use for. */
const SETTINGS = [...MODEL_GROUP.settings, ...RUN_GROUP.settings].filter(({ name }) =>
  ['precision', 'threads'].includes(name),
);

const HELP = `
Prints the continuation, without the prompt, as it is generated. With --json it prints one line at the end: {"text":...}.
The same seed, settings and number of threads give the same text.`;

export function registerGenerate(program: Command): void {
  const command = program
    .command('generate')
    .description('continue a text with a base model, with or without an adapter')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id (default: the base that the adapter names)')
    .option('--adapter <adapter>', 'adapter: a folder, or its name or number in the catalog')
    .requiredOption('--prompt <text>', 'text to continue')
    .option('--max-tokens <n>', 'most tokens to generate', positiveInteger, 128)
    .option('--temperature <t>', '0: always the most likely token; higher: more varied', nonNegativeNumber, 0.7)
    .option('--top-p <p>', 'sample from the most likely tokens that together have this probability', probability, 0.95)
    .option('--top-k <n>', 'sample from this many most likely tokens; 0: from all', nonNegativeInteger, 0)
    .option('--seed <n>', 'seed for sampling', seed, 0)
    .option('--chat', "apply the model's chat template, with the prompt as a user's message")
    .option('--system <text>', 'system message before the prompt, with --chat')
    .addOption(
      new Option('--fim-suffix <text>', 'generate the text between the prompt and this text').conflicts('chat'),
    )
    .addHelpText('after', HELP)
    .action(generate);
  addSettings(command, SETTINGS);
}

async function generate(flags: Flags): Promise<void> {
  if (flags.system !== undefined && !flags.chat) throw new VeraError('usage', '--system needs --chat');
  // Checks the settings before anything large is opened.
  sampler(flags);
  const cache = cacheFolder();
  const { base, loaded } = await openModel(flags);
  showProgress('', 1);
  const tokenizer = loadTokenizer(base.dir);
  const prompt = promptOf(tokenizer, flags);
  const generator = await Generator.create({
    base,
    adaptation: loaded?.adaptation ?? unadapted,
    theta: loaded?.adapter.theta ?? new Float32Array(),
    precision: flags.precision ?? MODEL_GROUP.settings[0].default,
    cache,
    maxLength: Math.min(base.config.maxLength, prompt.length + flags.maxTokens),
    ...(flags.threads === undefined ? {} : { session: { threads: flags.threads } }),
  });
  const stream = textStream(tokenizer, prompt);
  let text = '';
  const say = (piece: string): void => {
    text += piece;
    if (!flags.json) process.stdout.write(piece);
  };
  try {
    const { maxTokens, temperature, topP, topK } = flags;
    const stop = stopTokens(base.dir, tokenizer);
    await generator.generate({
      prompt,
      maxTokens,
      temperature,
      topP,
      topK,
      seed: flags.seed,
      stop,
      onToken: (id) => say(stream.push(id)),
    });
    say(stream.end());
  } finally {
    await generator.release();
  }
  if (flags.json) printJson({ text });
  else process.stdout.write('\n');
}

function promptOf(tokenizer: Tokenizer, { prompt, chat, system, fimSuffix }: Flags): number[] {
  if (chat) return chatPrompt(tokenizer, prompt, system);
  return fimSuffix === undefined ? textPrompt(tokenizer, prompt) : fillPrompt(tokenizer, prompt, fimSuffix);
}

async function openModel({ base, adapter }: Flags): Promise<{
  base: BaseModel;
  loaded?: { adapter: Adapter; adaptation: MethodAdaptation };
}> {
  if (adapter !== undefined) {
    const { base: model, ...loaded } = await openAdapter(adapter, base);
    return { base: model, loaded };
  }
  if (base === undefined)
    throw new VeraError('usage', 'the base model is missing: vera generate --base MODEL, or --adapter ADAPTER');
  return { base: await resolveBase(base, { cache: cacheFolder(), onProgress: showProgress }) };
}
