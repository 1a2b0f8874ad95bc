/** POST /infill, as llama.cpp's server has it, for plugins of editors that complete code. */
import type { Express } from 'express';
import { z } from 'zod';
import { CHARACTERS_PER_TOKEN, fit, SPECIAL_TOKENS } from '../../inline/fit.ts';
import { UNABLE } from '../../protocol/unable.ts';
import type { GenerationRequest } from '../../serve/engine/request.ts';
import { given } from '../../serve/given.ts';
import type { Daemon } from '../context.ts';
import { checkedBody, jsonBody } from './body.ts';
import { ApiError } from './errors.ts';
import { seedOf } from './fields.ts';
import { modelOf, refuseUnable } from './models.ts';
import { type Format, respond } from './respond.ts';

/** Other fields change llama.cpp's own cache and samplers, and are left alone. */
const infillBody = z.object({
  model: z.string().max(4096).optional(),
  input_prefix: z.string().default(''),
  input_suffix: z.string().default(''),
  /** Text of other places, which stands before the prefix where there is room. */
  input_extra: z.array(z.object({ filename: z.string().optional(), text: z.string() })).default([]),
  /** What was typed since the prefix. */
  prompt: z.string().default(''),
  n_predict: z.int().min(-1).default(-1),
  temperature: z.number().min(0).optional(),
  top_k: z.int().optional(),
  top_p: z.number().min(0).max(1).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repeat_penalty: z.number().positive().optional(),
  presence_penalty: z.number().optional(),
  frequency_penalty: z.number().optional(),
  seed: z.int().optional(),
  stop: z.union([z.array(z.string()).max(64), z.string()]).default([]),
  stream: z.boolean().default(false),
  t_max_predict_ms: z.number().optional(),
  response_fields: z.array(z.string().max(200)).max(100).optional(),
});
type InfillBody = z.output<typeof infillBody>;

/** Tokens for an answer whose length is not given. */
const ANSWER_TOKENS = 128;

export function infillRoute(app: Express, daemon: Daemon): void {
  app.post('/infill', jsonBody(daemon.limits), async (request, response) => {
    const body = checkedBody(infillBody, request.body);
    const model = await modelOf(daemon, body.model, request);
    const { fillInTheMiddle, maxLength } = await daemon.engines.info(model.base).catch((error: unknown) => {
      throw new ApiError(500, (error as Error).message);
    });
    refuseUnable(fillInTheMiddle, UNABLE.fill, 'model');
    const room = maxLength - (body.n_predict < 0 ? ANSWER_TOKENS : body.n_predict) - SPECIAL_TOKENS;
    const parts = {
      prefix: body.input_prefix + body.prompt,
      suffix: body.input_suffix,
      extra: body.input_extra.map(({ text }) => text),
    };
    // Only the engine counts tokens: a prompt that is too long all the same is cut again.
    for (let characters = Math.max(0, room) * CHARACTERS_PER_TOKEN; ; characters = Math.floor(characters / 2)) {
      const { prefix, suffix, cut } = fit(parts, { characters });
      const requests = [{ prompt: { prefix, suffix }, ...settingsOf(body) }];
      const format = infillFormat(model.id, body, cut);
      const asked = { model, requests, stream: body.stream, prompt: 'input_prefix', format };
      try {
        await respond(daemon, request, response, asked);
        return;
      } catch (error) {
        const isTooLong = error instanceof ApiError && error.code === 'context_length_exceeded';
        if (!isTooLong || characters === 0) throw error;
      }
    }
  });
}

function settingsOf(body: InfillBody): Omit<GenerationRequest, 'prompt'> {
  const { n_predict: predict, t_max_predict_ms: predictMs = 0, seed } = body;
  const sampling = given({
    ...{ temperature: body.temperature, topP: body.top_p, minP: body.min_p },
    topK: body.top_k === undefined ? undefined : Math.max(0, body.top_k),
    repetitionPenalty: body.repeat_penalty,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    seed: seed === undefined ? undefined : seedOf(seed),
  });
  return {
    sampling,
    stop: typeof body.stop === 'string' ? [body.stop] : body.stop,
    // 0 asks to read the prompt ahead of its use: one token is made, and not told.
    maxTokens: predict < 0 ? undefined : Math.max(1, predict),
    answerMs: predictMs > 0 ? predictMs : undefined,
  };
}

function infillFormat(
  model: string,
  { n_predict: predict, response_fields: fields }: InfillBody,
  cut: boolean,
): Format {
  const told = (text: string): string => (predict === 0 ? '' : text);
  const ending = ({ reason, stop, usage, timing }: Parameters<Format['closing']>[1]): object => ({
    ...{ index: 0, model, stop: true },
    stop_type: reason !== 'stop' ? 'limit' : stop === undefined ? 'eos' : 'word',
    stopping_word: stop ?? '',
    truncated: cut,
    tokens_predicted: usage.answerTokens,
    tokens_evaluated: usage.promptTokens,
    tokens_cached: usage.cachedTokens,
    timings: timings(usage, timing),
  });
  return {
    done: false,
    whole([answer]) {
      const content = told(answer!.text);
      const body = { content, has_new_line: content.includes('\n'), ...ending(answer!.end) };
      return fields === undefined ? body : picked(body, fields);
    },
    part: (_, { text, tokens }) => (text === '' ? undefined : { index: 0, content: told(text), tokens, stop: false }),
    closing: (_, end) => ({ content: '', tokens: [], ...ending(end) }),
  };
}

/** Plugins show these to people. */
function timings(
  { promptTokens, cachedTokens, answerTokens }: Parameters<Format['closing']>[1]['usage'],
  { queuedMs, firstTokenMs, totalMs }: Parameters<Format['closing']>[1]['timing'],
): object {
  const promptMs = (firstTokenMs ?? totalMs) - queuedMs;
  const predictedMs = totalMs - (firstTokenMs ?? totalMs);
  const read = promptTokens - cachedTokens;
  const rate = (tokens: number, ms: number): number => (ms > 0 ? (1000 * tokens) / ms : 0);
  return {
    ...{ prompt_n: read, prompt_ms: promptMs, prompt_per_second: rate(read, promptMs) },
    prompt_per_token_ms: read > 0 ? promptMs / read : 0,
    ...{ predicted_n: answerTokens, predicted_ms: predictedMs, predicted_per_second: rate(answerTokens, predictedMs) },
    predicted_per_token_ms: answerTokens > 0 ? predictedMs / answerTokens : 0,
  };
}

/** The fields that were asked for, under the names they were asked by: 'timings/prompt_n' is a field of a field. */
function picked(body: object, fields: readonly string[]): object {
  const entries = fields.map((path): [string, unknown] => [
    path,
    path
      .split('/')
      .reduce<unknown>(
        (value, key) =>
          value instanceof Object && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined,
        body,
      ),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
