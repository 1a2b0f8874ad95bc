import type { Command } from 'commander';
import type { z } from 'zod';
import { cacheFolder } from '../home.ts';
import { baseName } from '../protocol/baseName.ts';
import { resolveBase } from '../models/resolve.ts';
import { type AnsweringModel, generate } from '../protocol/generation.ts';
import { given } from '../serve/given.ts';
import { type SampleOptions, sampler } from '../serve/sample.ts';
import { showProgress } from './adapter.ts';
import { adapterText } from './adapterNames.ts';
import { nonNegativeInteger, nonNegativeNumber, positiveInteger, probability, seed } from './options.ts';
import { plain } from './output.ts';
import { absolute, explainMissing, isPath, projectOf, reference, userOf } from './reference.ts';
import type { Client } from './withDaemon.ts';

/** Options of commands that let a model answer. */
export interface AnswerFlags {
  readonly base?: string;
  readonly adapter?: string;
  readonly project?: string;
  readonly user?: string;
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed: number;
}

export interface GenerateFlags extends AnswerFlags {
  readonly prompt: string;
  readonly chat?: boolean;
  readonly system?: string;
  readonly fimSuffix?: string;
  readonly precision?: string;
  readonly threads?: number;
  readonly foreground?: boolean;
  readonly json?: boolean;
  readonly jsonSchema?: string;
}

type Prompt = z.input<typeof generate.params>['prompt'];
export type Answered = z.output<typeof generate.result>;

/** An answer may take as long as it likes to begin: the base may have to be loaded, and others may come first. */
const PATIENCE_MS = 10 * 60_000;

/** Where neither a flag nor generation_config.json of the base says it. */
export const SAMPLING_DEFAULTS = { temperature: 0.7, topP: 0.95 };
const ELSE = "(default: what the base's generation_config.json says, else";

/** What the flags say of choosing tokens. */
export const samplingOf = ({
  temperature,
  topP,
  topK,
  seed,
}: AnswerFlags): Partial<SampleOptions> & { seed: number } => ({
  ...given({ temperature, topP, topK }),
  seed,
});

/** Throws VeraError 'usage' for a flag that is out of range. */
export const checkSampling = (flags: AnswerFlags): void => {
  sampler({ ...SAMPLING_DEFAULTS, ...samplingOf(flags) });
};

export const addSampling = (command: Command, maxTokens: number): Command =>
  command
    .option('--max-tokens <n>', 'most tokens to generate', positiveInteger, maxTokens)
    .option('--temperature <t>', `0: always the most likely token; higher: more varied ${ELSE} 0.7)`, nonNegativeNumber)
    .option(
      '--top-p <p>',
      `sample from the likely tokens that together have this probability ${ELSE} 0.95)`,
      probability,
    )
    .option('--top-k <n>', `sample from this many most likely tokens; 0: from all ${ELSE} 0)`, nonNegativeInteger)
    .option('--seed <n>', 'seed for sampling', seed, 0);

/** Downloads or converts a base that is not on this machine in its final form yet, and shows the progress. The daemon itself downloads nothing. */
export async function readyBase(base: string | undefined): Promise<void> {
  if (base === undefined) return;
  await resolveBase(base, { cache: cacheFolder(), onProgress: showProgress });
  showProgress('', 1);
}

/** Asks the daemon's engine for an answer. `on.model` is called first, with what answers. Throws VeraError. */
export async function answer(
  client: Client,
  flags: AnswerFlags,
  prompt: Prompt,
  on: {
    model: (model: AnsweringModel) => void;
    text: (text: string) => void;
    signal?: AbortSignal;
    schema?: Record<string, unknown> | undefined;
  },
): Promise<Answered> {
  const { base, adapter, project, user, maxTokens } = flags;
  const which = await whose(client, project);
  const params = {
    ...{ prompt, maxTokens, ...which, ...userOf(user) },
    ...(adapter === undefined ? {} : { adapter: reference(adapter) }),
    ...(base === undefined ? {} : { base: absolute(base) }),
    ...{ sampling: samplingOf(flags), defaults: SAMPLING_DEFAULTS },
    ...(on.schema === undefined ? {} : { json: { schema: on.schema } }),
  };
  const onProgress = (value: { model: AnsweringModel } | { text: string }): void =>
    'model' in value ? on.model(value.model) : on.text(value.text);
  try {
    const answered = await client.call(generate, params, { onProgress, signal: on.signal, timeoutMs: PATIENCE_MS });
    if (answered.unstarted)
      process.stderr.write('the prompt does not hold the point where this adapter starts, so the base answered\n');
    return answered;
  } catch (error) {
    throw adapter === undefined ? error : explainMissing(error, adapter);
  }
}

/** The project of the current folder decides which adapter is active, unless another is named. */
const whose = async (client: Client, project: string | undefined): Promise<object> =>
  project === undefined || isPath(project)
    ? { workspace: process.cwd(), ...(await projectOf(client, project)) }
    : projectOf(client, project);

/** Who answers: adapter 12 "notes" on demo (the active adapter). */
export function modelText({ base, adapter, active }: AnsweringModel): string {
  const name = plain(baseName(base));
  if (adapter === null) return `${name} without an adapter`;
  return `adapter ${adapterText(adapter)} on ${name}${active ? ' (the active adapter)' : ''}`;
}
