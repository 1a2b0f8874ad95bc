import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { lower } from '../graph/passes/lower.ts';
import { seededUniform } from '../methods/random.ts';
import { noWeights } from '../runtime/executor.ts';
import { createSession, Tensor } from '../runtime/session.ts';
import { steadyProduct } from './steady.ts';

for (const threads of [1, 4]) {
  test(`a row's product has the same bits beside any number of other rows, with ${threads} threads`, async () => {
    for (const [k, n] of [
      [576, 256],
      [256, 48],
      [300, 1000],
      [1536, 16],
    ] as const) {
      const g = new Graph();
      const x = g.input('x', 'float32', ['rows', k]);
      g.output('y', steadyProduct(g, x, g.input('w', 'float32', [n, k]), { lead: [], rows: 'rows', k, n }));
      const session = await createSession(lower(g), noWeights, { threads });
      const w = seededUniform('w', n * k, 1);
      const all = seededUniform('x', 300 * k, 1);
      const run = async (rows: number): Promise<Float32Array> => {
        const feeds = {
          x: new Tensor('float32', all.subarray(0, rows * k), [rows, k]),
          w: new Tensor('float32', w, [n, k]),
        };
        return (await session.run(feeds))['y']!.data as Float32Array;
      };
      const alone = await run(1);
      for (let j = 0; j < n; j++) {
        const exact = w.subarray(j * k, (j + 1) * k).reduce((sum, value, i) => sum + value * all[i]!, 0);
        assert.ok(Math.abs(exact - alone[j]!) < 1e-4);
      }
      for (const rows of [2, 3, 17, 64, 300]) assert.deepEqual((await run(rows)).slice(0, n), alone, `${rows} rows`);
      await session.release();
    }
  });
}
