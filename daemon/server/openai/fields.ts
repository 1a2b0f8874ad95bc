/** Fields that chat completions and text completions have in common, with OpenAI's ranges and defaults. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { given } from '../../serve/given.ts';
import type { GenerationRequest, Sampling } from '../../serve/engine/request.ts';
import { ApiError } from './errors.ts';
import { jsonAnswerOf, responseFormat } from './format.ts';

const MAX_BIASES = 1024; // of one request; OpenAI takes 300

/** A field that changes nothing of the answer. */
const ignored = z.unknown().optional();

export const COMMON = {
  model: z.string().max(4096).optional(),
  frequency_penalty: z.number().min(-2).max(2).default(0),
  presence_penalty: z.number().min(-2).max(2).default(0),
  logit_bias: z
    .record(z.string().regex(/^\d{1,10}$/, 'a token is a number'), z.number().min(-100).max(100))
    .refine((biases) => Object.keys(biases).length <= MAX_BIASES, `at most ${MAX_BIASES} tokens`)
    .optional(),
  n: z.int().min(1).max(128).default(1),
  seed: z.int().optional(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).optional(),
  response_format: responseFormat.optional(),
  stream: z.boolean().default(false),
  stream_options: z
    .strictObject({ include_usage: z.boolean().default(false), include_obfuscation: z.boolean().optional() })
    .optional(),
  // Left out, these are as generation_config.json of the base says, and then as OpenAI has them.
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  // Those of other servers, which their clients send.
  top_k: z.int().min(0).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repetition_penalty: z.number().positive().max(100).optional(),
  t_max_predict_ms: z.number().positive().optional(),
  // Fields of OpenAI's own service.
  user: ignored,
  metadata: ignored,
  store: ignored,
  service_tier: ignored,
  safety_identifier: ignored,
  prompt_cache_key: ignored,
  prompt_cache_retention: ignored,
  prediction: ignored,
};
export type Common = z.output<z.ZodObject<typeof COMMON>>;

/** The requests for all answers: `n` for each prompt, each with a seed of its own. */
export function requestsOf(
  prompts: readonly GenerationRequest['prompt'][],
  body: Omit<Common, 'user'>,
  rest: Pick<GenerationRequest, 'maxTokens' | 'logprobs' | 'json'>,
): GenerationRequest[] {
  const sampling = samplingOf(body);
  const json = jsonAnswerOf(body.response_format);
  const stop = typeof body.stop === 'string' ? [body.stop] : body.stop;
  return prompts.flatMap((prompt) =>
    Array.from({ length: body.n }, (_, i) => ({
      ...{ prompt, stop, answerMs: body.t_max_predict_ms, json, ...rest },
      sampling: { ...sampling, seed: (sampling.seed! + i) % SEEDS },
      defaults: { temperature: 1 },
    })),
  );
}

const SEEDS = 2 ** 32;

/** The seed that a client gave: any whole number is one, also one below zero. */
export const seedOf = (seed: number): number => Number(BigInt.asUintN(32, BigInt(seed)));

function samplingOf(body: Omit<Common, 'user'>): Partial<Sampling> {
  const { temperature, top_p: topP, top_k: topK, min_p: minP, repetition_penalty: repetitionPenalty, seed } = body;
  const biases = Object.entries(body.logit_bias ?? {});
  return given({
    ...{ temperature, topP, topK, minP, repetitionPenalty },
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    logitBias: biases.map(([token, bias]): [number, number] => [Number(token), bias]),
    seed: seed === undefined ? randomInt(SEEDS) : seedOf(seed),
  });
}

/** Whether a stream ends with the number of tokens. */
export function wantsUsage({ stream, stream_options: options }: Omit<Common, 'user'>): boolean {
  if (options !== undefined && !stream)
    throw new ApiError(400, "'stream_options' is only for answers with 'stream'", { param: 'stream_options' });
  return options?.include_usage ?? false;
}
