import type { Migration } from './migration.ts';

/**
 * What became of inline completions. An adapter that is purged from the trash takes its counts and texts with it (ON DELETE
 * CASCADE). While it lies in the trash they stay, so a restored adapter has them again.
 */
export const completions: Migration = {
  name: '0005-completions',
  sql: `
-- Sums for each day, adapter (NULL: the base alone) and language. latency: how many took how long, as {"bucket": number}.
CREATE TABLE completion_day (
  id INTEGER PRIMARY KEY, day TEXT NOT NULL, adapter_id INTEGER REFERENCES adapter (id) ON DELETE CASCADE, base TEXT NOT NULL,
  language TEXT NOT NULL, shown INTEGER NOT NULL DEFAULT 0, accepted INTEGER NOT NULL DEFAULT 0, partly INTEGER NOT NULL DEFAULT 0,
  typed INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0, ignored INTEGER NOT NULL DEFAULT 0,
  shown_characters INTEGER NOT NULL DEFAULT 0, accepted_characters INTEGER NOT NULL DEFAULT 0,
  accepted_lines INTEGER NOT NULL DEFAULT 0,
  of_0 INTEGER NOT NULL DEFAULT 0, kept_0 INTEGER NOT NULL DEFAULT 0, of_1 INTEGER NOT NULL DEFAULT 0,
  kept_1 INTEGER NOT NULL DEFAULT 0, of_2 INTEGER NOT NULL DEFAULT 0, kept_2 INTEGER NOT NULL DEFAULT 0,
  latency TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX completion_day_adapter ON completion_day (adapter_id, day);
CREATE INDEX completion_day_day ON completion_day (day);

-- Completions that may still change: what each has added to the sums so far, so that a repeated record adds nothing twice.
CREATE TABLE completion_open (
  key TEXT PRIMARY KEY, day_id INTEGER NOT NULL REFERENCES completion_day (id) ON DELETE CASCADE, counted TEXT NOT NULL,
  shown_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX completion_open_day ON completion_open (day_id);

-- Only with the person's consent.
CREATE TABLE completion_text (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, adapter_id INTEGER REFERENCES adapter (id) ON DELETE CASCADE,
  base TEXT NOT NULL, language TEXT NOT NULL, file TEXT NOT NULL, text TEXT NOT NULL, outcome TEXT NOT NULL,
  accepted_characters INTEGER NOT NULL, kept_characters INTEGER, shown_at INTEGER NOT NULL
) STRICT;
CREATE INDEX completion_text_adapter ON completion_text (adapter_id);
`,
};
