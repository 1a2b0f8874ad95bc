import type { Sample } from '../protocol/panel.ts';
import type { RunEventOf } from '../protocol/runEvents.ts';
import type { Change } from './change.ts';
import { readRun } from './runs.ts';
import type { Db } from './schema.ts';

/** Stores what the model wrote; the latest text of a prompt counts, since a resumed run writes some again. */
export async function addSample(
  { db }: Change,
  run: number,
  { when, prompt, text }: Pick<RunEventOf<'sample'>, 'when' | 'prompt' | 'text'>,
): Promise<void> {
  const column = when === 'before' ? 'before_training' : 'after_training';
  await db
    .insertInto('sample')
    .values({ run_id: run, prompt, before_training: null, after_training: null, [column]: text })
    .onConflict((conflict) => conflict.columns(['run_id', 'prompt']).doUpdateSet({ [column]: text }))
    .execute();
}

/** What the model wrote before and after training, in the order of the prompts. Throws VeraError 'missing'. */
export async function runSamples(db: Db, run: number): Promise<Sample[]> {
  await readRun(db, run);
  const rows = await db.selectFrom('sample').selectAll().where('run_id', '=', run).orderBy('id').execute();
  return rows.map(({ prompt, before_training: before, after_training: after }) => ({ prompt, before, after }));
}
