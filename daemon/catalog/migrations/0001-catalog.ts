import type { Migration } from './migration.ts';

/** Everything the first catalog holds. Times are milliseconds since 1970, JSON is text, hashes are hexadecimal. */
export const catalog: Migration = {
  name: '0001-catalog',
  sql: `
-- A number is never given twice (AUTOINCREMENT), also after what had it was purged: the audit trail speaks of numbers.
-- adapters: how many there are outside the trash, kept by triggers: counting a million takes too long for a list.
CREATE TABLE user (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', adapters INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL, deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX user_name ON user (name) WHERE deleted_at IS NULL;

CREATE TABLE project (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, folder TEXT, note TEXT NOT NULL DEFAULT '',
  adapters INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL, deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX project_name ON project (name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX project_folder ON project (folder) WHERE deleted_at IS NULL AND folder IS NOT NULL;

CREATE TABLE base_model (
  id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, spec TEXT NOT NULL, architecture TEXT, parameters INTEGER,
  created_at INTEGER NOT NULL, used_at INTEGER NOT NULL
) STRICT;

CREATE TABLE dataset (
  id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, path TEXT NOT NULL, format TEXT, rows INTEGER,
  created_at INTEGER NOT NULL, used_at INTEGER NOT NULL
) STRICT;

-- A job of the queue. state and kind as the protocol names them.
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, state TEXT NOT NULL, title TEXT NOT NULL, priority INTEGER NOT NULL,
  spec TEXT NOT NULL, user_id INTEGER NOT NULL REFERENCES user (id), project_id INTEGER REFERENCES project (id),
  submission_key TEXT UNIQUE, waiting_for TEXT, memory_bytes INTEGER, progress TEXT NOT NULL DEFAULT '{}',
  -- Attempts since a checkpoint moved on: what a crash loop is told by.
  crashes INTEGER NOT NULL DEFAULT 0,
  result TEXT, error TEXT,
  created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER
) STRICT;
CREATE INDEX job_queue ON job (state, priority DESC, id);
CREATE TABLE job_need (
  job_id INTEGER NOT NULL REFERENCES job (id), needs_id INTEGER NOT NULL REFERENCES job (id), PRIMARY KEY (job_id, needs_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_need_needs ON job_need (needs_id);
CREATE TABLE attempt (
  job_id INTEGER NOT NULL REFERENCES job (id), number INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
  outcome TEXT, reason TEXT, PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER UNIQUE REFERENCES job (id), state TEXT NOT NULL,
  user_id INTEGER NOT NULL REFERENCES user (id), project_id INTEGER REFERENCES project (id),
  base_id INTEGER REFERENCES base_model (id), dataset_id INTEGER REFERENCES dataset (id),
  settings TEXT NOT NULL, out TEXT NOT NULL, step INTEGER NOT NULL DEFAULT 0, steps INTEGER,
  train_loss REAL, held_out_loss REAL, base_held_out_loss REAL, report TEXT,
  created_at INTEGER NOT NULL, ended_at INTEGER, deleted_at INTEGER
) STRICT;
CREATE INDEX run_project ON run (project_id, id) WHERE project_id IS NOT NULL;
CREATE INDEX run_dataset ON run (dataset_id) WHERE dataset_id IS NOT NULL;
-- A resumed run writes the steps after its checkpoint again, with the same values.
CREATE TABLE metric (
  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, step INTEGER NOT NULL,
  epoch REAL, loss REAL, held_out_loss REAL, learning_rate REAL, gradient_norm REAL, tokens REAL, tokens_per_second REAL,
  PRIMARY KEY (run_id, step)
) STRICT, WITHOUT ROWID;

-- What many adapters share: method, settings, and the layers they are on.
CREATE TABLE layout (
  id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, method TEXT NOT NULL, rank INTEGER NOT NULL,
  parameters INTEGER NOT NULL, targets TEXT NOT NULL, options TEXT NOT NULL, sites TEXT NOT NULL
) STRICT;

-- VeRA's A and B, little-endian float32, where they are not those of the key: adapters from elsewhere that share them share a row.
CREATE TABLE projection (
  id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, rank INTEGER NOT NULL, max_in INTEGER NOT NULL, max_out INTEGER NOT NULL,
  a BLOB NOT NULL, b BLOB NOT NULL
) STRICT;

CREATE TABLE adapter (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', tags TEXT NOT NULL DEFAULT '[]',
  user_id INTEGER NOT NULL REFERENCES user (id), project_id INTEGER REFERENCES project (id),
  base_id INTEGER NOT NULL REFERENCES base_model (id), layout_id INTEGER NOT NULL REFERENCES layout (id),
  projection_id INTEGER REFERENCES projection (id), hash TEXT NOT NULL, bytes INTEGER NOT NULL,
  run_id INTEGER REFERENCES run (id), dataset_id INTEGER REFERENCES dataset (id), parent_id INTEGER REFERENCES adapter (id),
  train_loss REAL, held_out_loss REAL, base_held_out_loss REAL,
  created_at INTEGER NOT NULL, deleted_at INTEGER
) STRICT;
-- One name once in a project, and once among the adapters of no project.
CREATE UNIQUE INDEX adapter_name ON adapter (name, ifnull(project_id, 0)) WHERE deleted_at IS NULL;
CREATE INDEX adapter_project ON adapter (project_id, id) WHERE deleted_at IS NULL;
CREATE INDEX adapter_user ON adapter (user_id, id) WHERE deleted_at IS NULL;
CREATE INDEX adapter_base ON adapter (base_id);
CREATE INDEX adapter_run ON adapter (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX adapter_parent ON adapter (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX adapter_projection ON adapter (projection_id) WHERE projection_id IS NOT NULL;
-- Equal adapters, by the beginning of the hash, which tells nearly all apart at a quarter of the size.
CREATE INDEX adapter_hash ON adapter (substr(hash, 1, 16));
CREATE INDEX adapter_deleted ON adapter (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TRIGGER adapter_count_insert AFTER INSERT ON adapter WHEN new.deleted_at IS NULL BEGIN
  UPDATE user SET adapters = adapters + 1 WHERE id = new.user_id;
  UPDATE project SET adapters = adapters + 1 WHERE id = new.project_id;
END;
CREATE TRIGGER adapter_count_delete AFTER DELETE ON adapter WHEN old.deleted_at IS NULL BEGIN
  UPDATE user SET adapters = adapters - 1 WHERE id = old.user_id;
  UPDATE project SET adapters = adapters - 1 WHERE id = old.project_id;
END;
CREATE TRIGGER adapter_count_update AFTER UPDATE OF user_id, project_id, deleted_at ON adapter BEGIN
  UPDATE user SET adapters = adapters - 1 WHERE id = old.user_id AND old.deleted_at IS NULL;
  UPDATE project SET adapters = adapters - 1 WHERE id = old.project_id AND old.deleted_at IS NULL;
  UPDATE user SET adapters = adapters + 1 WHERE id = new.user_id AND new.deleted_at IS NULL;
  UPDATE project SET adapters = adapters + 1 WHERE id = new.project_id AND new.deleted_at IS NULL;
END;

-- The vectors, apart from what lists read. theta: little-endian float32.
CREATE TABLE adapter_vectors (
  adapter_id INTEGER PRIMARY KEY REFERENCES adapter (id) ON DELETE CASCADE, theta BLOB NOT NULL
) STRICT;

CREATE VIRTUAL TABLE adapter_search USING fts5 (
  name, note, tags, content='adapter', content_rowid='id', prefix='1 2 3', tokenize="unicode61 tokenchars '_'"
);
CREATE TRIGGER adapter_search_insert AFTER INSERT ON adapter BEGIN
  INSERT INTO adapter_search (rowid, name, note, tags) VALUES (new.id, new.name, new.note, new.tags);
END;
CREATE TRIGGER adapter_search_delete AFTER DELETE ON adapter BEGIN
  INSERT INTO adapter_search (adapter_search, rowid, name, note, tags) VALUES ('delete', old.id, old.name, old.note, old.tags);
END;
CREATE TRIGGER adapter_search_update AFTER UPDATE OF name, note, tags ON adapter BEGIN
  INSERT INTO adapter_search (adapter_search, rowid, name, note, tags) VALUES ('delete', old.id, old.name, old.note, old.tags);
  INSERT INTO adapter_search (rowid, name, note, tags) VALUES (new.id, new.name, new.note, new.tags);
END;

-- project_id 0: wherever the user has chosen none.
CREATE TABLE active_adapter (
  user_id INTEGER NOT NULL REFERENCES user (id), project_id INTEGER NOT NULL DEFAULT 0,
  adapter_id INTEGER NOT NULL REFERENCES adapter (id) ON DELETE CASCADE, chosen_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, project_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX active_adapter_adapter ON active_adapter (adapter_id);

CREATE TABLE export (
  id INTEGER PRIMARY KEY AUTOINCREMENT, adapter_id INTEGER REFERENCES adapter (id) ON DELETE SET NULL, job_id INTEGER REFERENCES job (id),
  kind TEXT NOT NULL, path TEXT NOT NULL, details TEXT NOT NULL DEFAULT '{}', created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX export_adapter ON export (adapter_id);

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  kind TEXT NOT NULL, subject_id INTEGER, details TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX audit_subject ON audit (kind, subject_id, id);

-- What subscribers follow. type: job, worker, catalog.
CREATE TABLE event (
  number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, type TEXT NOT NULL, job_id INTEGER, body TEXT NOT NULL
) STRICT;
CREATE INDEX event_job ON event (job_id, number) WHERE job_id IS NOT NULL;
CREATE INDEX event_type ON event (type, number);

-- What lies in the trash, and on how many days the catalog was in use since: a clock that jumps must not empty the trash.
CREATE TABLE trash (
  kind TEXT NOT NULL, subject_id INTEGER NOT NULL, days INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, subject_id)
) STRICT, WITHOUT ROWID;
-- What the catalog remembers about itself.
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`,
};
