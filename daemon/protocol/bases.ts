/** Finding a base model: what this machine has, what is recommended, and what the hub has. */
import { z } from 'zod';
import { isHubId } from './hubId.ts';
import { hubToken } from './hubToken.ts';
import { method } from './method.ts';
import { count, finite, id, nothing, path, time } from './values.ts';

/** Facts of a model that a person chooses by. null: not known. */
const facts = {
  /** As config.json names it (a class of transformers), or as a GGUF file does. */
  architecture: z.string().nullable(),
  parameters: finite.nullable(),
  /** 'apache-2.0'. */
  licence: z.string().nullable(),
  /** Bytes of its weights. */
  bytes: finite.nullable(),
};

export const foundBase = z.object({
  /** Name of the source that found it. */
  source: z.string(),
  /** Where it was found, for people: 'Hugging Face cache'. */
  from: z.string(),
  /** What people call it. */
  name: z.string(),
  /** What to give as the base of a run. */
  spec: z.string(),
  format: z.enum(['safetensors', 'gguf', 'unknown']),
  /** How most of its weights are stored: 'BF16', 'Q4_K'. */
  storedAs: z.string().nullable(),
  ...facts,
  /** Why it cannot be trained; null if it can. */
  problem: z.string().nullable(),
  /** When it was last the base of a run; null if it never was. */
  usedAt: time.nullable(),
});
export type FoundBase = z.infer<typeof foundBase>;

export const recommendedBase = z.object({
  /** Its id on the hub. */
  id: z.string(),
  ...facts,
  /** What it is good at: 'chat', 'code completion'. */
  goodAt: z.array(z.string()),
  summary: z.string(),
  /** The hub asks for an account that has accepted its terms, and for an access token. */
  gated: z.boolean(),
});
export type RecommendedBase = z.infer<typeof recommendedBase>;

export const hubBase = z.object({
  id: z.string(),
  ...facts,
  gated: z.boolean(),
  downloads: count.nullable(),
  problem: z.string().nullable(),
});
export type HubBase = z.infer<typeof hubBase>;

const MAX_FOLDERS = 32; // folders of a workspace, and Downloads
const MAX_WORDS = 500; // characters of a link or of some words

export const find = method(
  'bases.find',
  'Finds base models on this machine: those that were used, and those in the Hugging Face cache, in the folders of LM Studio and Ollama, and in the given folders. It reads configs and headers only.',
  z.strictObject({ folders: z.array(path).max(MAX_FOLDERS).default([]) }),
  z.object({
    items: z.array(foundBase),
    /** Why the search ended early; null if it did not. */
    stopped: z.string().nullable(),
  }),
  { repeatable: true },
);
export const recommended = method(
  'bases.recommended',
  'Lists base models that are known to work, the smallest first.',
  nothing,
  z.object({ items: z.array(recommendedBase) }),
  { repeatable: true },
);
export const search = method(
  'bases.search',
  'Searches the hub for base models that can be trained. With an id or the address of a model it gives that one, and says why it cannot be trained. Only this text and the token are sent.',
  z.strictObject({ text: z.string().min(1).max(MAX_WORDS), hubToken: hubToken.optional() }),
  z.object({ items: z.array(hubBase) }),
  { repeatable: true },
);

/** Something that VeRA Studio keeps of a base: 'the download', 'the converted GGUF file', 'weights in other forms'. */
export const keptFiles = z.object({ what: z.string(), path: z.string(), bytes: finite });
export const files = method(
  'bases.files',
  'The files of base models: where each is, its size, and what VeRA Studio keeps of it.',
  z.strictObject({ bases: z.array(id).max(500) }),
  z.object({
    items: z.array(
      z.object({
        base: id,
        /** The file or folder of the model; null while it is not on this machine. */
        path: z.string().nullable(),
        bytes: finite.nullable(),
        kept: z.array(keptFiles),
      }),
    ),
  }),
  { repeatable: true },
);
export const remove = method(
  'bases.remove',
  'Deletes what VeRA Studio keeps of a base (a download, a conversion, weights in other forms), and takes the base from the list if no run and no adapter needs it. Files of the person stay. With a hub id: what was downloaded of that model so far.',
  z.strictObject({
    base: z.union([id, z.string().refine(isHubId, { error: 'a hub id has the form owner/model' })]),
  }),
  z.object({
    freedBytes: finite,
    /** Whether it is still listed, because runs or adapters need it. */
    listed: z.boolean(),
  }),
  { repeatable: false },
);
