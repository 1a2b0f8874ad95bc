import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryCatalog } from '../../test/catalog.ts';
import type { MachineRates } from '../protocol/plans.ts';
import { keepRates, readRates } from './rates.ts';

const rates = (changes: Partial<MachineRates> = {}): MachineRates => ({
  ...{ processor: '2 x A', version: '1.0.0', threads: 2, format: 'fp32', measuredAt: 5 },
  ...{ operations: { float32: 1e9 }, trafficBytes: 1e10 },
  ...changes,
});

test('rates are kept by weight format and threads; those of another machine or version go', async () => {
  const catalog = await temporaryCatalog();
  const keep = (...measured: MachineRates[]): Promise<void> => catalog.change((change) => keepRates(change, measured));
  assert.deepEqual(await readRates(catalog.db), []);
  await keep(rates(), rates({ threads: 1 }));
  await keep(rates({ measuredAt: 9 }), rates({ format: 'int8' }));
  await keep();
  assert.deepEqual(await readRates(catalog.db), [
    ...[rates({ threads: 1 }), rates({ measuredAt: 9 }), rates({ format: 'int8' })],
  ]);
  await keep(rates({ version: '1.0.1' }));
  assert.deepEqual(await readRates(catalog.db), [rates({ version: '1.0.1' })]);
  await catalog.change(({ db }) => db.updateTable('state').set({ value: '{"damaged' }).execute());
  assert.deepEqual(await readRates(catalog.db), []);
});
