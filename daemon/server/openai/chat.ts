import { randomUUID } from 'node:crypto';
import type { Express } from 'express';
import { z } from 'zod';
import type { ChosenToken, TokenLogprob } from '../../serve/engine/request.ts';
import type { Daemon } from '../context.ts';
import { checkedBody, jsonBody } from './body.ts';
import { COMMON, requestsOf, wantsUsage } from './fields.ts';
import { modelOf, refuseUnable } from './models.ts';
import { type Answer, finishReason, type Format, respond, usageOf } from './respond.ts';

const content = z.union([z.array(z.strictObject({ type: z.literal('text'), text: z.string() })), z.string()]);

const message = z.strictObject({
  role: z.enum(
    ['system', 'developer', 'user', 'assistant'],
    'only system, developer, user and assistant speak here: tools are not offered, so give their answers as messages of the user',
  ),
  content: content.nullish(),
  name: z.string().optional(),
  refusal: z.string().nullish(),
});

/** An answer that must be a call is JSON of a schema, which is offered. */
const none = (what: string) =>
  z.array(z.unknown()).max(0, `${what} are not offered: ask for JSON with 'response_format' instead`).optional();

const chatBody = z.strictObject({
  ...COMMON,
  messages: z.array(message).min(1),
  max_tokens: z.int().min(1).optional(),
  max_completion_tokens: z.int().min(1).optional(),
  logprobs: z.boolean().default(false),
  top_logprobs: z.int().min(0).max(20).optional(),
  // What would change the answer, and is not offered, is refused; what asks for the usual is not.
  modalities: z.array(z.literal('text', 'only text is offered')).optional(),
  tools: none('tools'),
  functions: none('functions'),
  tool_choice: z
    .enum(['none', 'auto'], "tools are not offered: ask for JSON with 'response_format' instead")
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
});
type ChatBody = z.output<typeof chatBody>;

/** POST /v1/chat/completions. */
export function chatRoute(app: Express, daemon: Daemon): void {
  app.post('/v1/chat/completions', jsonBody(daemon.limits), async (request, response) => {
    const body = checkedBody(chatBody, request.body);
    refuseUnable(body.top_logprobs === undefined || body.logprobs, "'top_logprobs' needs 'logprobs'", 'top_logprobs');
    const includeUsage = wantsUsage(body);
    const model = await modelOf(daemon, body.model, request);
    const requests = requestsOf([{ messages: messagesOf(body) }], body, {
      maxTokens: body.max_completion_tokens ?? body.max_tokens,
      logprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
    });
    const format = chatFormat(model.id, body, includeUsage);
    await respond(daemon, request, response, { model, requests, stream: body.stream, prompt: 'messages', format });
  });
}

/** Messages as templates read them. `developer` is OpenAI's newer word for `system`. */
const messagesOf = ({ messages }: ChatBody): { role: string; content: string }[] =>
  messages.map(({ role, content: parts }) => ({
    role: role === 'developer' ? 'system' : role,
    content: typeof parts === 'string' ? parts : (parts ?? []).map(({ text }) => text).join(''),
  }));

function chatFormat(model: string, { logprobs, n }: ChatBody, includeUsage: boolean): Format {
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model };
  const tokens = (list: readonly ChosenToken[] | undefined): object | null =>
    logprobs ? { content: (list ?? []).map(tokenLogprob), refusal: null } : null;
  const chunk = (index: number, delta: object, more: object = {}): object => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index, delta, logprobs: null, finish_reason: null, ...more }],
    ...(includeUsage ? { usage: null } : {}),
  });
  return {
    done: true,
    whole: (answers) => ({
      ...head,
      object: 'chat.completion',
      choices: answers.map(({ text, logprobs: list, end }: Answer, index) => ({
        index,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: tokens(list),
        finish_reason: finishReason(end),
      })),
      usage: usageOf(
        answers.map(({ end }) => end),
        n,
      ),
    }),
    opening: () =>
      Array.from({ length: n }, (_, index) => chunk(index, { role: 'assistant', content: '', refusal: null })),
    part: (index, { text, logprobs: list }) =>
      text === '' && !logprobs ? undefined : chunk(index, { content: text }, { logprobs: tokens(list) }),
    closing: (index, end) => chunk(index, {}, { finish_reason: finishReason(end) }),
    last: (ends) =>
      includeUsage ? [{ ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(ends, n) }] : [],
  };
}

const tokenLogprob = ({ top, ...token }: ChosenToken): object => ({ ...one(token), top_logprobs: top.map(one) });

/** A token that is a part of a character has no bytes of its own here. */
const one = ({ text, logprob }: TokenLogprob): object => ({
  token: text,
  logprob,
  bytes: text.includes('\uFFFD') ? null : [...Buffer.from(text)],
});
