import type { Migration } from './migration.ts';

/** The report of a run calls the plan's figures `estimate`; they were called `planned`. The log of events and the runs have such reports. */
export const estimates: Migration = {
  name: '0004-estimates',
  sql: `
UPDATE event SET body = json_remove(json_set(body, '$.event.estimate', body -> '$.event.planned'), '$.event.planned')
  WHERE type = 'worker' AND body LIKE '%"event":"report"%' AND json_valid(body)
    AND body ->> '$.event.event' = 'report' AND body -> '$.event.planned' IS NOT NULL;

UPDATE run SET report = json_remove(json_set(report, '$.report.estimate', report -> '$.report.planned'), '$.report.planned')
  WHERE report IS NOT NULL AND json_valid(report) AND report -> '$.report.planned' IS NOT NULL;
`,
};
