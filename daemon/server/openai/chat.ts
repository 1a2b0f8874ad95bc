import { randomUUID } from 'node:crypto';
import type { Express } from 'express';
import { z } from 'zod';
import type { ChatMessage } from '../../data/chat-template.ts';
import type { ChosenToken, TokenLogprob } from '../../serve/engine/request.ts';
import { given } from '../../serve/given.ts';
import type { Daemon } from '../context.ts';
import { checkedBody, jsonBody } from './body.ts';
import { COMMON, requestsOf, wantsUsage } from './fields.ts';
import { modelOf, refuseUnable } from './models.ts';
import { callField, callsForTemplate, callsIn, forcedCall, offeredTools, toolFields } from './tools.ts';
import { type Answer, finishReason, type Format, respond, usageOf } from './respond.ts';

const content = z.union([z.array(z.strictObject({ type: z.literal('text'), text: z.string() })), z.string()]);

const message = z.strictObject({
  role: z.enum(
    ['system', 'developer', 'user', 'assistant', 'tool'],
    'only system, developer, user, assistant and tool speak here',
  ),
  content: content.nullish(),
  name: z.string().optional(),
  refusal: z.string().nullish(),
  tool_calls: callField,
  tool_call_id: z.string().optional(),
});

const chatBody = z.strictObject({
  ...COMMON,
  messages: z.array(message).min(1),
  max_tokens: z.int().min(1).optional(),
  max_completion_tokens: z.int().min(1).optional(),
  logprobs: z.boolean().default(false),
  top_logprobs: z.int().min(0).max(20).optional(),
  // What would change the answer, and is not offered, is refused; what asks for the usual is not.
  modalities: z.array(z.literal('text', 'only text is offered')).optional(),
  ...toolFields,
});
type ChatBody = z.output<typeof chatBody>;

/** POST /v1/chat/completions. */
export function chatRoute(app: Express, daemon: Daemon): void {
  app.post('/v1/chat/completions', jsonBody(daemon.limits), async (request, response) => {
    const body = checkedBody(chatBody, request.body);
    refuseUnable(body.top_logprobs === undefined || body.logprobs, "'top_logprobs' needs 'logprobs'", 'top_logprobs');
    const includeUsage = wantsUsage(body);
    const model = await modelOf(daemon, body.model, request);
    const tools = offeredTools(body);
    refuseUnable(
      tools.length === 0 || !body.stream || !body.logprobs,
      "'logprobs' of a stream cannot be told with 'tools'",
      'logprobs',
    );
    const forced = forcedCall(body, tools);
    const isText = body.response_format === undefined || body.response_format.type === 'text';
    refuseUnable(forced === undefined || isText, "an answer is either a call or of a 'response_format'", 'tool_choice');
    const requests = requestsOf([{ messages: messagesOf(body), tools }], body, {
      ...(forced === undefined ? {} : { json: forced }),
      maxTokens: body.max_completion_tokens ?? body.max_tokens,
      logprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
    });
    const format = chatFormat(model.id, { ...body, tools }, includeUsage);
    await respond(daemon, request, response, { model, requests, stream: body.stream, prompt: 'messages', format });
  });
}

/** Messages as templates read them. `developer` is OpenAI's newer word for `system`. */
const messagesOf = ({ messages }: ChatBody): ChatMessage[] =>
  messages.map(({ role, content: parts, tool_calls: calls, tool_call_id: id }) => ({
    role: role === 'developer' ? 'system' : role,
    content: typeof parts === 'string' ? parts : (parts ?? []).map(({ text }) => text).join(''),
    ...given({ tool_calls: callsForTemplate(calls), tool_call_id: id }),
  }));

function chatFormat(
  model: string,
  { logprobs, n, tools }: Pick<ChatBody, 'logprobs' | 'n'> & { tools: ReturnType<typeof offeredTools> },
  includeUsage: boolean,
): Format {
  /** Answers that may hold calls are told at their end. */
  const held = new Map<number, string>();
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
      choices: answers.map(({ text, logprobs: list, end }: Answer, index) => {
        const { content, calls } = callsIn(text, tools);
        const called = calls.length === 0 ? {} : { content: content === '' ? null : content, tool_calls: calls };
        return {
          index,
          message: { role: 'assistant', content, refusal: null, ...called },
          logprobs: tokens(list),
          finish_reason: calls.length === 0 ? finishReason(end) : 'tool_calls',
        };
      }),
      usage: usageOf(
        answers.map(({ end }) => end),
        n,
      ),
    }),
    opening: () =>
      Array.from({ length: n }, (_, index) => chunk(index, { role: 'assistant', content: '', refusal: null })),
    part(index, { text, logprobs: list }) {
      if (tools.length > 0) held.set(index, (held.get(index) ?? '') + text);
      else if (text !== '' || logprobs) return chunk(index, { content: text }, { logprobs: tokens(list) });
      return undefined;
    },
    closing(index, end) {
      const { content, calls } = callsIn(held.get(index) ?? '', tools);
      const delta = {
        ...(content === '' ? {} : { content }),
        ...(calls.length === 0 ? {} : { tool_calls: calls.map((call, i) => ({ index: i, ...call })) }),
      };
      return chunk(index, delta, { finish_reason: calls.length === 0 ? finishReason(end) : 'tool_calls' });
    },
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
