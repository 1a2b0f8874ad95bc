import type { Migration } from './migration.ts';

/**
 * Samples of a run get a table of their own. They were found in the log of events, which is pruned; what it still has is carried
 * over, the latest text of each prompt.
 */
export const samples: Migration = {
  name: '0002-samples',
  sql: `
-- What the model wrote after a prompt, in the order in which the prompts came. A resumed run writes some again.
CREATE TABLE sample (
  id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, prompt TEXT NOT NULL,
  before_training TEXT, after_training TEXT, UNIQUE (run_id, prompt)
) STRICT;

INSERT INTO sample (run_id, prompt, before_training, after_training)
  SELECT run_id, prompt, CASE told WHEN 'before' THEN text END, CASE told WHEN 'after' THEN text END
  FROM (
    SELECT event.number, run.id AS run_id, body ->> '$.event.prompt' AS prompt, body ->> '$.event.when' AS told,
      body ->> '$.event.text' AS text
    FROM event JOIN run ON run.job_id = event.job_id
    WHERE event.type = 'worker' AND body LIKE '%"event":"sample"%' AND json_valid(body)
      AND body ->> '$.event.event' = 'sample'
  )
  WHERE typeof(prompt) = 'text' AND typeof(text) = 'text'
  ORDER BY number
  ON CONFLICT (run_id, prompt) DO UPDATE SET
    before_training = coalesce(excluded.before_training, before_training),
    after_training = coalesce(excluded.after_training, after_training);
`,
};
