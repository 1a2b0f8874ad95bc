import type { Migration } from '../../daemon/catalog/migrations/migration.ts';

/** A migration step that takes long enough to be killed in the middle. Half of it must never be seen. */
export const SLOW_STEP: Migration = {
  name: '0002-slow',
  sql: `
ALTER TABLE adapter ADD COLUMN half TEXT;
CREATE TABLE filler (x TEXT NOT NULL) STRICT;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO filler SELECT hex(randomblob(100)) FROM n;
UPDATE adapter SET half = 'both';
`,
};
