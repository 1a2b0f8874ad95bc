import type { Generated, Kysely } from 'kysely';

/**
 * The tables of the catalog, as types for kysely (migrations/ creates them). Times: ms since 1970; JSON is text; hashes:
 * hexadecimal.
 */
export interface Schema {
  user: UserTable;
  project: ProjectTable;
  base_model: BaseModelTable;
  dataset: DatasetTable;
  job: JobTable;
  job_need: { job_id: number; needs_id: number };
  attempt: AttemptTable;
  run: RunTable;
  /** With a column for each metric; see metrics.ts. */
  metric: { run_id: number; step: number };
  sample: SampleTable;
  layout: LayoutTable;
  frozen: { id: Generated<number>; hash: string; head: string };
  frozen_tensor: FrozenTensorTable;
  adapter: AdapterTable;
  adapter_vectors: { adapter_id: number; theta: Uint8Array };
  adapter_search: { rowid: number; name: string; note: string; tags: string };
  active_adapter: { user_id: number; project_id: Generated<number>; adapter_id: number; chosen_at: number };
  export: ExportTable;
  completion_day: CompletionDayTable;
  completion_open: { key: string; day_id: number; counted: string; shown_at: number };
  completion_text: CompletionTextTable;
  audit: AuditTable;
  event: EventTable;
  trash: { kind: string; subject_id: number; days: Generated<number> };
  state: { key: string; value: string };
}

/** Where a query runs: on the catalog's reading connection, or in a transaction. */
export type Db = Kysely<Schema>;

export interface UserTable {
  id: Generated<number>;
  name: string;
  note: Generated<string>;
  adapters: Generated<number>;
  created_at: number;
  deleted_at: number | null;
}

export interface ProjectTable {
  id: Generated<number>;
  name: string;
  folder: string | null;
  note: Generated<string>;
  adapters: Generated<number>;
  created_at: number;
  deleted_at: number | null;
}

export interface BaseModelTable {
  id: Generated<number>;
  fingerprint: string;
  spec: string;
  architecture: string | null;
  parameters: number | null;
  created_at: number;
  used_at: number;
}

export interface DatasetTable {
  id: Generated<number>;
  hash: string;
  path: string;
  format: string | null;
  rows: number | null;
  created_at: number;
  used_at: number;
}

export interface JobTable {
  id: Generated<number>;
  kind: string;
  state: string;
  title: string;
  priority: number;
  spec: string;
  user_id: number;
  project_id: number | null;
  submission_key: string | null;
  waiting_for: string | null;
  memory_bytes: number | null;
  progress: Generated<string>;
  crashes: Generated<number>;
  result: string | null;
  error: string | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

export interface AttemptTable {
  job_id: number;
  number: number;
  started_at: number;
  ended_at: number | null;
  outcome: string | null;
  reason: string | null;
}

export interface RunTable {
  id: Generated<number>;
  job_id: number | null;
  state: string;
  user_id: number;
  project_id: number | null;
  base_id: number | null;
  dataset_id: number | null;
  settings: string;
  out: string;
  step: Generated<number>;
  steps: number | null;
  train_loss: number | null;
  held_out_loss: number | null;
  base_held_out_loss: number | null;
  report: string | null;
  created_at: number;
  ended_at: number | null;
  deleted_at: number | null;
}

export interface SampleTable {
  id: Generated<number>;
  run_id: number;
  prompt: string;
  before_training: string | null;
  after_training: string | null;
}

export interface LayoutTable {
  id: Generated<number>;
  hash: string;
  method: string;
  targets: string;
  options: string;
  sites: string;
  tensors: Generated<string>;
  parameters: number;
}

export interface FrozenTensorTable {
  frozen_id: number;
  position: number;
  name: string;
  shape: string;
  data: Uint8Array;
}

export interface AdapterTable {
  id: Generated<number>;
  name: string;
  note: Generated<string>;
  tags: Generated<string>;
  user_id: number;
  project_id: number | null;
  base_id: number;
  layout_id: number;
  frozen_id: number | null;
  hash: string;
  bytes: number;
  run_id: number | null;
  dataset_id: number | null;
  parent_id: number | null;
  train_loss: number | null;
  held_out_loss: number | null;
  base_held_out_loss: number | null;
  created_at: number;
  deleted_at: number | null;
}

export interface ExportTable {
  id: Generated<number>;
  adapter_id: number | null;
  job_id: number | null;
  kind: string;
  path: string;
  details: Generated<string>;
  created_at: number;
}

export interface CompletionDayTable {
  id: Generated<number>;
  day: string;
  adapter_id: number | null;
  base: string;
  language: string;
  shown: Generated<number>;
  accepted: Generated<number>;
  partly: Generated<number>;
  typed: Generated<number>;
  rejected: Generated<number>;
  ignored: Generated<number>;
  shown_characters: Generated<number>;
  accepted_characters: Generated<number>;
  accepted_lines: Generated<number>;
  of_0: Generated<number>;
  kept_0: Generated<number>;
  of_1: Generated<number>;
  kept_1: Generated<number>;
  of_2: Generated<number>;
  kept_2: Generated<number>;
  latency: Generated<string>;
}

export interface CompletionTextTable {
  id: Generated<number>;
  key: string;
  adapter_id: number | null;
  base: string;
  language: string;
  file: string;
  text: string;
  outcome: string;
  accepted_characters: number;
  kept_characters: number | null;
  shown_at: number;
}

export interface AuditTable {
  id: Generated<number>;
  time: number;
  actor: string;
  action: string;
  kind: string;
  subject_id: number | null;
  details: Generated<string>;
}

export interface EventTable {
  number: Generated<number>;
  time: number;
  type: string;
  job_id: number | null;
  body: string;
}
