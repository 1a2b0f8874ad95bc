import type { Migration } from './migration.ts';

/**
 * An adapter is whatever its method trains: a layout lists its tensors, and no longer has a rank of its own (a method that has
 * one has it among its options). VeRA's A and B become frozen tensors of any names.
 */
export const tensors: Migration = {
  name: '0003-tensors',
  sql: `
-- tensors: what theta holds, in order, as [{"name": "...", "shape": [...]}].
ALTER TABLE layout ADD COLUMN tensors TEXT NOT NULL DEFAULT '[]';
UPDATE layout SET tensors = (
  SELECT json_group_array(json(tensor)) FROM (
    SELECT json_object(
      'name', json_extract(site.value, '$.path') || CASE WHEN layout.method = 'vera'
        THEN CASE part.column1 WHEN 0 THEN '.vera_lambda_b' ELSE '.vera_lambda_d' END
        ELSE CASE part.column1 WHEN 0 THEN '.lora_A.weight' ELSE '.lora_B.weight' END END,
      'shape', CASE WHEN layout.method = 'vera'
        THEN CASE part.column1 WHEN 0 THEN json_array(json_extract(site.value, '$.dOut')) ELSE json_array(layout.rank) END
        ELSE CASE part.column1 WHEN 0 THEN json_array(layout.rank, json_extract(site.value, '$.dIn'))
          ELSE json_array(json_extract(site.value, '$.dOut'), layout.rank) END END
    ) AS tensor
    FROM json_each(layout.sites) AS site, (VALUES (0), (1)) AS part
    ORDER BY site.key, part.column1
  )
);
ALTER TABLE layout DROP COLUMN rank;

-- Frozen tensors of adapters whose own are not those made from the options. Adapters that have the same ones share a row.
-- head: what the hash covers before the tensors' bytes.
ALTER TABLE projection RENAME TO frozen;
ALTER TABLE frozen ADD COLUMN head TEXT NOT NULL DEFAULT '';
UPDATE frozen SET head = json_array(rank, max_in, max_out);
-- data: little-endian float32, row-major.
CREATE TABLE frozen_tensor (
  frozen_id INTEGER NOT NULL REFERENCES frozen (id) ON DELETE CASCADE, position INTEGER NOT NULL, name TEXT NOT NULL,
  shape TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (frozen_id, position)
) STRICT;
INSERT INTO frozen_tensor (frozen_id, position, name, shape, data)
  SELECT id, 0, 'vera_A', json_array(rank, max_in), a FROM frozen
  UNION ALL SELECT id, 1, 'vera_B', json_array(max_out, rank), b FROM frozen;
ALTER TABLE frozen DROP COLUMN rank;
ALTER TABLE frozen DROP COLUMN max_in;
ALTER TABLE frozen DROP COLUMN max_out;
ALTER TABLE frozen DROP COLUMN a;
ALTER TABLE frozen DROP COLUMN b;
DROP INDEX adapter_projection;
ALTER TABLE adapter RENAME COLUMN projection_id TO frozen_id;
CREATE INDEX adapter_frozen ON adapter (frozen_id) WHERE frozen_id IS NOT NULL;
`,
};
