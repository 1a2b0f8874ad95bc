import type { EventBody } from '../protocol/events.ts';
import type { Sample } from '../protocol/panel.ts';
import { readRun } from './runs.ts';
import type { Db } from './schema.ts';

/** What the model wrote before and after a run, in the order of its prompts, as far as its job's events are kept. */
export async function runSamples(db: Db, run: number): Promise<Sample[]> {
  const { job } = await readRun(db, run);
  if (job === null) return [];
  const rows = await db
    .selectFrom('event')
    .select('body')
    .where('job_id', '=', job)
    .where('body', 'like', '%"event":"sample"%')
    .orderBy('number')
    .execute();
  const byPrompt = new Map<string, Sample>();
  for (const { body } of rows) {
    const parsed = JSON.parse(body) as EventBody;
    if (parsed.type !== 'worker' || parsed.event['event'] !== 'sample') continue;
    const { when, prompt, text } = parsed.event as { when?: unknown; prompt?: unknown; text?: unknown };
    if (typeof prompt !== 'string' || typeof text !== 'string') continue;
    const before = byPrompt.get(prompt) ?? { prompt, before: null, after: null };
    byPrompt.set(prompt, when === 'before' ? { ...before, before: text } : { ...before, after: text });
  }
  return [...byPrompt.values()];
}
