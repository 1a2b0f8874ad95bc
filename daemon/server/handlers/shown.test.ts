/** What the panel asks of a run and its adapter: samples, where it learned, and the formats it can be exported in. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openQueue, tinyModel, tinyTraining } from '../../../test/queue.ts';
import { temporaryFolder } from '../../../test/temporary.ts';
import { trainPlan } from '../../protocol/plans.ts';
import type { Context } from '../context.ts';
import { adapterHandlers } from './adapters.ts';
import { runHandlers } from './runs.ts';

const root = temporaryFolder();
process.env['VERA_HOME'] = join(root, 'home');
const tiny = tinyModel(root);
const open = await openQueue(join(root, 'home'));
after(() => open.close());
const context = { daemon: { catalog: open.catalog, actor: 'test' } } as unknown as Context;

test('a trained adapter: its samples, its layers and its export formats; the plan had its size right', async () => {
  const plain = tinyTraining(tiny);
  const spec = { ...plain, settings: { ...plain.settings, samplePrompts: ['one', 'two'], sampleTokens: 4 } };
  const { plans } = await open.queue.plan({ specs: [spec], read: true });
  assert.ok(plans[0] !== undefined && 'details' in plans[0]);
  const plan = trainPlan.parse(plans[0].details);
  const job = await open.reached(await open.submit(spec), 'succeeded');
  const { samples } = await runHandlers.samples(context, { run: job.run! });
  assert.deepEqual(
    samples.map(({ prompt, before, after }) => [prompt, typeof before, typeof after]),
    [
      ['one', 'string', 'string'],
      ['two', 'string', 'string'],
    ],
  );
  const which = { adapter: Number(job.result!['adapter']) };
  const { learned } = await adapterHandlers.whereLearned(context, which);
  assert.ok(learned);
  const [b] = learned.figures;
  assert.equal(b!.values.length, learned.layers.length);
  assert.ok(b!.values.flat().every((value) => value === null || value > 0));
  const size = statSync(join(job.result!['dir'] as string, 'adapter_model.safetensors')).size;
  assert.equal(plan.savings?.own.adapterBytes, size);
  const offers = async (options: Record<string, boolean>) => {
    const { formats } = await adapterHandlers.exportFormats(context, { ...which, options });
    return Object.fromEntries(formats.map((format) => [format.name, format]));
  };
  const [small, large] = [await offers({ projection: false }), await offers({})];
  assert.ok(small['peft']!.bytes! >= size && small['peft']!.bytes! < size + 5000);
  assert.ok(large['peft']!.bytes! > small['peft']!.bytes!);
  assert.deepEqual(
    large['peft']!.options.map(({ name }) => name),
    ['projection'],
  );
  assert.ok(large['merge']!.atMost && large['merge']!.bytes! > 0);
  assert.equal(plan.data?.steps, job.progress.steps);
});
