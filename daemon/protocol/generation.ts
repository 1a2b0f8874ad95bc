import { z } from 'zod';
import { abilities } from './abilities.ts';
import { method } from './method.ts';
import { count, finite, hash, id, path, ref, time } from './values.ts';

const text = z.string();
const token = count;

/** What an answer continues. */
const prompt = z.union([
  z.strictObject({ text }),
  z.strictObject({ tokens: z.array(token) }),
  /** A conversation, written with the model's chat template up to the point where the answer begins. */
  z.strictObject({ messages: z.array(z.strictObject({ role: z.string(), content: text })).min(1) }),
  /** The answer stands between these two texts. */
  z.strictObject({ prefix: text, suffix: text }),
]);

/** How the next token is chosen. */
const sampling = z.strictObject({
  temperature: finite.min(0).optional(),
  topK: count.optional(),
  topP: finite.min(0).max(1).optional(),
  minP: finite.min(0).max(1).optional(),
  repetitionPenalty: finite.positive().optional(),
  presencePenalty: finite.optional(),
  frequencyPenalty: finite.optional(),
  seed: count.max(2 ** 32 - 1).optional(),
  /** What is added to the logits of some tokens. */
  logitBias: z
    .array(z.strictObject({ token, bias: finite }))
    .max(1024)
    .optional(),
});

/** The model that answers. */
export const answeringModel = z.object({
  /** As GET /v1/models lists it. */
  id: z.string(),
  /** A folder, a file or a hub id. */
  base: z.string(),
  adapter: z.object({ id, name: z.string(), hash }).nullable(),
  /** It was not named: it is the active adapter. */
  active: z.boolean(),
});
export type AnsweringModel = z.infer<typeof answeringModel>;

/** How a request says which model is to answer. With nothing, it is the active adapter. */
const choice = {
  adapter: ref.optional(),
  /** A base alone or, with `adapter`, in place of the adapter's own. */
  base: z.string().max(4096).optional(),
  /** One word for both, as HTTP clients give it. */
  model: z.string().max(4096).optional(),
  /** Whose active adapter, and whose adapters where a name fits several. */
  project: ref.optional(),
  workspace: path.optional(),
  user: ref.optional(),
};

export const describe = method(
  'text.describe',
  'What would answer, and what its base can do. Starts no engine. Without adapter, base and model, the active adapter is described.',
  z.strictObject(choice),
  z.object({
    model: answeringModel,
    /** null if the base has to be downloaded or converted first. */
    abilities: abilities.nullable(),
    /** The temperature that the base's generation_config.json recommends; null if it says none. */
    temperature: finite.nullable(),
    /** Sentences for people on what this base cannot do; empty where it suits. */
    limits: z.object({ completion: z.array(z.string()), chat: z.array(z.string()) }),
  }),
  { repeatable: true },
);

export const generate = method(
  'text.generate',
  'Generates one answer. Without adapter, base and model, the active adapter answers.',
  z.strictObject({
    prompt,
    ...choice,
    /** Without `defaults`, what is left out takes the most likely token each time and changes nothing. */
    sampling: sampling.optional(),
    /** With this, what `sampling` leaves out is as the base's generation_config.json says, and then as said here. */
    defaults: sampling.pick({ temperature: true, topP: true }).optional(),
    /** Most tokens of the answer; without it, what fits after the prompt. */
    maxTokens: count.min(1).optional(),
    /** The answer ends before the first of these texts. */
    stop: z.array(z.string()).max(64).optional(),
    /** The answer is JSON of this schema, or its beginning where the answer ends for its length or time. */
    json: z.strictObject({ schema: z.record(z.string(), z.unknown()) }).optional(),
    /** Background requests give way to interactive ones. */
    priority: z.enum(['interactive', 'background']).optional(),
    /** The answer ends after so many milliseconds, with what it has. */
    deadlineMs: finite.positive().optional(),
  }),
  z.object({
    model: answeringModel,
    text,
    /** stop: a stop text or a token that ends answers; length: the most tokens; deadline: the time is over. */
    reason: z.enum(['stop', 'length', 'deadline']),
    /** The adapter starts late, and the prompt does not hold the point where it starts: the base answered. */
    unstarted: z.literal(true).optional(),
    usage: z.object({ promptTokens: count, cachedTokens: count, answerTokens: count }),
    /** Milliseconds from the request on: its prompt has been turned into tokens, the engine begins with it, the first token, the end. */
    timing: z.object({
      tokenizedMs: finite,
      queuedMs: finite,
      firstTokenMs: finite.optional(),
      totalMs: finite,
    }),
  }),
  {
    repeatable: true,
    progress: z.union([
      /** First: who answers. */
      z.object({ model: answeringModel }),
      /** Then the text, in parts. */
      z.object({ text: z.string() }),
    ]),
  },
);

/** A model that can be asked, with what a client needs to know before. */
export const offeredModel = z.object({
  model: answeringModel,
  /** Of the base's weights. */
  fingerprint: z.string(),
  createdAt: time,
  /** What its base can do; null if the base has to be downloaded or converted first, or cannot be used. */
  abilities: abilities.nullable(),
  /** Why it cannot be asked now, for people. */
  problem: z.string().nullable(),
});
export type OfferedModel = z.infer<typeof offeredModel>;

export const models = method(
  'text.models',
  'What can be asked for text, without starting an engine: the active adapter, bases, and adapters, the newest first.',
  z.strictObject({
    project: ref.optional(),
    workspace: path.optional(),
    user: ref.optional(),
    /** At most so many bases and adapters. */
    bases: z.int().min(0).max(100).default(10),
    adapters: z.int().min(0).max(100).default(40),
  }),
  z.object({
    active: offeredModel.nullable(),
    bases: z.array(offeredModel),
    adapters: z.array(offeredModel),
    /** Adapters that are not listed. */
    more: count,
  }),
  { repeatable: true },
);

export const countTokens = method(
  'text.countTokens',
  "Counts the tokens of a prompt with the model's own tokenizer, without starting an engine.",
  z.strictObject({ prompt, ...choice }),
  z.object({ model: answeringModel, tokens: count }),
  { repeatable: true },
);
