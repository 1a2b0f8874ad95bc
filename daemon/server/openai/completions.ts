import { randomUUID } from 'node:crypto';
import type { Express } from 'express';
import { z } from 'zod';
import type { ChosenToken, Prompt } from '../../serve/engine/request.ts';
import type { Daemon } from '../context.ts';
import { checkedBody, jsonBody } from './body.ts';
import { ApiError } from './errors.ts';
import { COMMON, requestsOf, wantsUsage } from './fields.ts';
import { modelOf, refuseUnable } from './models.ts';
import { finishReason, type Format, respond, usageOf } from './respond.ts';

const tokens = z.array(z.int().nonnegative()).min(1);

const completionBody = z.strictObject({
  ...COMMON,
  prompt: z.union([tokens, z.array(tokens).min(1), z.array(z.string()).min(1), z.string()]),
  suffix: z.string().optional(),
  max_tokens: z.int().min(1).default(16),
  logprobs: z.int().min(0).max(5).optional(),
  best_of: z.int().min(1).optional(),
  echo: z.literal(false, 'the prompt is not repeated here: put it in front of the answer yourself').optional(),
});
type CompletionBody = z.output<typeof completionBody>;

/** POST /v1/completions. */
export function completionRoute(app: Express, daemon: Daemon): void {
  app.post('/v1/completions', jsonBody(daemon.limits), async (request, response) => {
    const body = checkedBody(completionBody, request.body);
    const { n, best_of: best = n, max_tokens: maxTokens, logprobs, stream } = body;
    refuseUnable(best === n, "'best_of' is not offered: ask for 'n' answers and choose", 'best_of');
    const includeUsage = wantsUsage(body);
    const prompts = promptsOf(body);
    const { answersOfRequest: most } = daemon.limits;
    refuseUnable(prompts.length * n <= most, `prompts times 'n' is at most ${most}`, 'n');
    const model = await modelOf(daemon, body.model, request);
    const requests = requestsOf(prompts, body, { maxTokens, logprobs });
    const prompt = body.suffix ? 'suffix' : 'prompt';
    const format = completionFormat(model.id, body, includeUsage);
    await respond(daemon, request, response, { model, requests, stream, prompt, format });
  });
}

/** One for each prompt; with a suffix, the answer stands between both. */
function promptsOf({ prompt, suffix }: CompletionBody): Prompt[] {
  const list = typeof prompt === 'string' ? [prompt] : isTokens(prompt) ? [prompt] : prompt;
  return list.map((one): Prompt => {
    if (typeof one !== 'string') {
      if (suffix) throw new ApiError(400, 'a prompt with a suffix is given as text', { param: 'suffix' });
      return { tokens: one };
    }
    return suffix ? { prefix: one, suffix } : { text: one };
  });
}

const isTokens = (prompt: readonly unknown[]): prompt is number[] => typeof prompt[0] === 'number';

function completionFormat(model: string, { logprobs, n }: CompletionBody, includeUsage: boolean): Format {
  const head = { id: `cmpl-${randomUUID()}`, object: 'text_completion', created: Math.floor(Date.now() / 1000), model };
  const offsets = new Map<number, number>();
  const logprobsOf = (index: number, list: readonly ChosenToken[] = []): object | null => {
    if (logprobs === undefined) return null;
    let offset = offsets.get(index) ?? 0;
    const starts = list.map(({ text }) => {
      offset += text.length;
      return offset - text.length;
    });
    offsets.set(index, offset);
    return {
      tokens: list.map(({ text }) => text),
      token_logprobs: list.map(({ logprob }) => logprob),
      top_logprobs: list.map(({ top }) => Object.fromEntries(top.map(({ text, logprob }) => [text, logprob]))),
      text_offset: starts,
    };
  };
  const chunk = (index: number, text: string, more: object = {}): object => ({
    ...head,
    choices: [{ index, text, logprobs: null, finish_reason: null, ...more }],
    ...(includeUsage ? { usage: null } : {}),
  });
  return {
    done: true,
    whole: (answers) => ({
      ...head,
      choices: answers.map(({ text, logprobs: list, end }, index) => ({
        ...{ index, text, logprobs: logprobsOf(index, list), finish_reason: finishReason(end) },
      })),
      usage: usageOf(
        answers.map(({ end }) => end),
        n,
      ),
    }),
    part: (index, { text, logprobs: list }) =>
      text === '' && logprobs === undefined ? undefined : chunk(index, text, { logprobs: logprobsOf(index, list) }),
    closing: (index, end) => chunk(index, '', { finish_reason: finishReason(end) }),
    last: (ends) => (includeUsage ? [{ ...head, choices: [], usage: usageOf(ends, n) }] : []),
  };
}
