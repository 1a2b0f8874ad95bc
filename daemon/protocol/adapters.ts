import { z } from 'zod';
import { method } from './method.ts';
import { learned } from './panel.ts';
import { setting } from './settings.ts';
import { settingValues } from './settings.ts';
import {
  count,
  finite,
  hash,
  id,
  json,
  name,
  note,
  optionValue,
  page,
  pageOf,
  path,
  ref,
  tags,
  time,
} from './values.ts';

export const adapter = z.object({
  id,
  name: z.string(),
  note: z.string(),
  tags: z.array(z.string()),
  user: z.string(),
  /** null: it belongs to no project, and is for all of its user's projects. */
  project: z.string().nullable(),
  /** Name of its method. */
  method: z.string(),
  /** Options of the method, and the seed of what it started with. */
  options: z.record(z.string(), optionValue),
  targets: z.string(),
  /** Its method's frozen tensors (VeRA's A and B) are stored with it, since they are not those made from the options. */
  ownFrozen: z.boolean(),
  parameters: count,
  /** Bytes of its file, adapter_model.safetensors, without frozen tensors. */
  bytes: count,
  /** sha256 of its content (layers, settings, vectors): equal for equal adapters in any catalog. */
  hash,
  base: z.object({ id, name: z.string(), fingerprint: z.string() }),
  run: id.nullable(),
  dataset: id.nullable(),
  parent: id.nullable(),
  /** Losses of the run that made it. */
  trainLoss: finite.nullable(),
  heldOutLoss: finite.nullable(),
  baseHeldOutLoss: finite.nullable(),
  createdAt: time,
  /** In the trash since. */
  deletedAt: time.nullable(),
});
export type AdapterRow = z.infer<typeof adapter>;

/** Something that depends on another thing. */
export const dependent = z.object({ kind: z.string(), id: id.nullable(), what: z.string() });

/** Which adapter. A name is searched in `project` first, then among adapters without a project, then everywhere. */
const which = { adapter: ref, project: ref.optional(), user: ref.optional() };

export const list = method(
  'adapters.list',
  'Lists adapters, the newest first.',
  z.strictObject({
    project: ref.optional(),
    user: ref.optional(),
    base: z.string().max(4096).optional(),
    tag: name.optional(),
    /** The whole name. */
    name: name.optional(),
    /** Words in names, notes and tags, or the beginnings of words. */
    search: z.string().max(200).optional(),
    deleted: z.boolean().default(false),
    ...page,
  }),
  pageOf(adapter),
  { repeatable: true },
);
export const get = method('adapters.get', 'One adapter.', z.strictObject(which), adapter, { repeatable: true });
export const lineage = method(
  'adapters.lineage',
  'What an adapter was made from, and what was made from it.',
  z.strictObject(which),
  z.object({
    adapter,
    ancestors: z.array(adapter),
    children: z.array(adapter),
    dataset: json.nullable(),
    run: json.nullable(),
  }),
  { repeatable: true },
);
export const whereLearned = method(
  'adapters.learned',
  'Where an adapter learned: figures of its method by layer and module; null for a method without such figures.',
  z.strictObject(which),
  z.object({ learned: learned.nullable() }),
  { repeatable: true },
);
/** A form in which an adapter can be exported. */
export const exportOffer = z.object({
  name,
  label: z.string(),
  summary: z.string(),
  /** What the format cannot keep, or what it takes to read it. */
  losses: z.string(),
  /** The kind of job that writes it. */
  job: z.enum(['export', 'merge']),
  /** About how many bytes it takes with the options that were asked for; null where that is not known. */
  bytes: count.nullable(),
  /** `bytes` is the most that it can take. */
  atMost: z.boolean(),
  /** Options that make a difference for this adapter, as daemon/settings/ describes them. */
  options: z.array(setting),
});
export type ExportOffer = z.infer<typeof exportOffer>;

/** A command that uses what was exported; a job's result lists them as `uses`. */
export const exportUse = z.object({
  label: z.string(),
  program: z.enum(['vera', 'python']),
  args: z.array(z.string()),
});
export type ExportUse = z.infer<typeof exportUse>;

/** What the result of an export or merge job holds, besides its figures. */
export const exportResult = z.object({
  /** What the check after writing found. */
  check: z.string().optional(),
  /** What another program does otherwise with what was written. */
  warning: z.string().optional(),
  uses: z.array(exportUse).default([]),
});
export type ExportResult = z.infer<typeof exportResult>;

export const exportFormats = method(
  'adapters.exportFormats',
  'The formats an adapter can be exported in, each with its size, what it loses, and its options.',
  z.strictObject({ ...which, options: settingValues.optional() }),
  z.object({ formats: z.array(exportOffer) }),
  { repeatable: true },
);
export const update = method(
  'adapters.update',
  'Renames an adapter, or changes its note, tags or project.',
  z.strictObject({
    ...which,
    name: name.optional(),
    note: note.optional(),
    tags: tags.optional(),
    moveTo: ref.nullable().optional(),
  }),
  adapter,
  { repeatable: false },
);
export const activate = method(
  'adapters.activate',
  'Makes an adapter the active one of a user: in one project, or (without a project) in every project that has no choice of its own.',
  z.strictObject(which),
  z.object({ adapter, user: z.string(), project: z.string().nullable() }),
  { repeatable: false },
);
export const deactivate = method(
  'adapters.deactivate',
  'Removes the choice of an active adapter.',
  z.strictObject({ project: ref.optional(), user: ref.optional() }),
  z.object({}),
  { repeatable: false },
);
export const active = method(
  'adapters.active',
  'The active adapter of a user in a project: the choice for the project, else the one for all of the user.',
  z.strictObject({ project: ref.optional(), workspace: path.optional(), user: ref.optional() }),
  z.object({ adapter: adapter.nullable(), by: z.enum(['project', 'user']).nullable() }),
  { repeatable: true },
);
export const dependents = method(
  'adapters.dependents',
  'What depends on an adapter: a deletion lists it.',
  z.strictObject(which),
  z.object({ dependents: z.array(dependent) }),
  { repeatable: true },
);
export const remove = method(
  'adapters.delete',
  "Puts an adapter into the trash for thirty days. Refused with 'dependents' while others depend on it, unless confirmed.",
  z.strictObject({ ...which, confirm: z.boolean().default(false) }),
  z.object({ adapter, dependents: z.array(dependent), purgedAt: time }),
  { repeatable: false },
);
export const restore = method(
  'adapters.restore',
  'Takes an adapter out of the trash.',
  z.strictObject({ adapter: id }),
  adapter,
  { repeatable: false },
);
export const save = method(
  'adapters.save',
  'Writes an adapter as a PEFT folder that must not exist yet.',
  z.strictObject({ ...which, dir: path, projection: z.boolean().default(false) }),
  z.object({ dir: z.string() }),
  { repeatable: false },
);
export const pack = method(
  'adapters.pack',
  'Writes an adapter, with what is known of it, as one file for another catalog.',
  z.strictObject({ ...which, file: path }),
  z.object({ file: z.string(), bytes: count }),
  { repeatable: false },
);
export const unpack = method(
  'adapters.unpack',
  'Takes in an adapter from the file of another catalog.',
  z.strictObject({ file: path, name: name.optional(), project: ref.optional(), user: ref.optional() }),
  adapter,
  { repeatable: false },
);
