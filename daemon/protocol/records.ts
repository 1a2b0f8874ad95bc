import { z } from 'zod';
import { method } from './method.ts';
import { count, finite, id, json, page, pageOf, time } from './values.ts';

/** A base model that was used, identified by the fingerprint of its weights. */
export const baseModel = z.object({
  id,
  fingerprint: z.string(),
  /** How it was named last: a folder, a file or a hub id. */
  spec: z.string(),
  architecture: z.string().nullable(),
  parameters: finite.nullable(),
  createdAt: time,
  usedAt: time,
});
/** A dataset that was used, identified by the hash of its content. */
export const dataset = z.object({
  id,
  hash: z.string(),
  path: z.string(),
  format: z.string().nullable(),
  rows: count.nullable(),
  createdAt: time,
  usedAt: time,
});
/** A folder or file that was written from an adapter. */
export const exported = z.object({
  id,
  adapter: id.nullable(),
  job: id.nullable(),
  kind: z.string(),
  path: z.string(),
  details: json,
  createdAt: time,
});
/** Who did what to what, and when. */
export const auditEntry = z.object({
  id,
  time,
  actor: z.string(),
  action: z.string(),
  kind: z.string(),
  subject: id.nullable(),
  details: json,
});

export const basesList = method(
  'bases.list',
  'Lists base models, the last used first.',
  z.strictObject(page),
  pageOf(baseModel),
  { repeatable: true },
);
export const datasetsList = method(
  'datasets.list',
  'Lists datasets, the last used first.',
  z.strictObject(page),
  pageOf(dataset),
  { repeatable: true },
);
export const exportsList = method(
  'exports.list',
  'Lists exports and merges, the newest first.',
  z.strictObject({ adapter: id.optional(), ...page }),
  pageOf(exported),
  { repeatable: true },
);
export const auditList = method(
  'audit.list',
  'Lists the audit trail (who did what, and when), the newest first.',
  z.strictObject({ kind: z.string().max(100).optional(), subject: id.optional(), ...page }),
  pageOf(auditEntry),
  { repeatable: true },
);
