import { machineRates } from '../protocol/plans.ts';
import type { MachineRates } from '../protocol/plans.ts';
import type { Change } from './change.ts';
import type { Db } from './schema.ts';
import { setState, stateOf } from './state.ts';

const KEY = 'machine rates';

/** How fast this machine was, as it was measured for plans. What cannot be read is measured again. */
export async function readRates(db: Db): Promise<MachineRates[]> {
  const kept = await stateOf(db, KEY);
  try {
    return machineRates.array().parse(JSON.parse(kept ?? '[]'));
  } catch {
    return [];
  }
}

/** Keeps what was measured, in place of what was measured before on another machine or in the same way. */
export async function keepRates({ db }: Change, measured: readonly MachineRates[]): Promise<void> {
  const [latest] = measured;
  if (latest === undefined) return;
  const replaced = (one: MachineRates): boolean =>
    one.processor !== latest.processor ||
    one.version !== latest.version ||
    measured.some(({ format, threads }) => one.format === format && one.threads === threads);
  const kept = (await readRates(db)).filter((one) => !replaced(one));
  await setState(db, KEY, JSON.stringify([...kept, ...measured]));
}
