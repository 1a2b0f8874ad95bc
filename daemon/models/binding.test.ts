import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelFixture } from '../../test/fixtures/read.ts';
import { largestDifference } from '../../test/logits.ts';
import { randomTheta } from '../../test/step.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import { gradients } from '../graph/autodiff.ts';
import { Graph } from '../graph/graph.ts';
import { deadCode } from '../graph/passes/deadCode.ts';
import { lower } from '../graph/passes/lower.ts';
import { layoutOf, padded } from '../layout.ts';
import { lora } from '../methods/lora.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import { FIRST_OPTIONS } from '../methods/options.ts';
import { projection } from '../methods/projection.ts';
import { seededUniform } from '../methods/random.ts';
import { adaptWith } from '../methods/vera.ts';
import { createSession, Tensor } from '../runtime/session.ts';
import { packedTokens } from './adapted.ts';
import { openBase, shapeOf } from './base.ts';
import { bindOne, bindRows } from './binding.ts';
import { familyOf, linearSites } from './registry.ts';
import { headWeight } from './tensors.ts';
import { Network } from './network.ts';
import { fp32 } from '../weights/fp32.ts';
import { weightLocator } from '../weights/locate.ts';

const cache = temporaryFolder();
const fixture = modelFixture('llama');
const base = openBase(fixture.dir, cache);
const sites = linearSites(base.config);
const LENGTH = 6;
/** Three rows of tokens; the first and the last take the same vector. */
const ROWS = [0, 1, 2].map((row) =>
  Array.from({ length: LENGTH }, (_, i) => (7 * row + 3 * i + 1) % base.config.vocabulary),
);
const ROW_OF = [1, 0, 1];

interface Result {
  readonly logits: Float32Array;
  readonly gradient: Float32Array;
}

/** Logits of all tokens, and the gradient of the sum of their squares, with one vector for all rows or with one for each. */
async function run(
  adaptation: MethodAdaptation,
  rows: readonly number[][],
  vectors: { theta: Float32Array } | { bank: readonly Float32Array[]; rowOf: readonly number[] },
): Promise<Result> {
  const layout = layoutOf(adaptation.parameters);
  const g = new Graph();
  const tokens = packedTokens(g, LENGTH);
  const trained =
    'theta' in vectors
      ? bindOne(g, layout)
      : bindRows(g, layout, g.input('bank', 'float32', [vectors.bank.length, layout.size]), {
          rowOf: g.input('rowOf', 'int64', ['batch']),
          length: 'length',
        });
  const net = new Network(g, {
    ...{ format: fp32, adaptation, trained, tokens: 1, differentiable: true },
    shapeOf: (name) => shapeOf(base, name),
  });
  const family = familyOf(base.config);
  const hidden = family.forward(net, base.config, tokens);
  const logits = g.linear(family.finalNorm(net, base.config, hidden), net.weight(headWeight(base.config)));
  g.output('logits', logits);
  const loss = g.reduceSum(g.mul(logits, logits), [0, 1]);
  const { of } = gradients(g, loss, trained.pieces);
  g.output('gradient', g.concat(of, trained.axis));
  const session = await createSession(deadCode(lower(g)), weightLocator(base, cache), { threads: 1 });
  const int64 = (values: readonly number[], dims: number[]): Tensor =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  const shape = [rows.length, LENGTH];
  const results = await session.run({
    ids: int64(rows.flat(), [rows.length * LENGTH]),
    positions: int64(
      rows.flatMap((row) => [...row.keys()]),
      shape,
    ),
    segments: int64(
      rows.flatMap((row) => row.map(() => 1)),
      shape,
    ),
    ...('theta' in vectors
      ? { theta: new Tensor('float32', vectors.theta, [layout.size]) }
      : {
          bank: new Tensor('float32', Float32Array.from(vectors.bank.flatMap((one) => [...one])), [
            vectors.bank.length,
            layout.size,
          ]),
          rowOf: int64(vectors.rowOf, [vectors.rowOf.length]),
        }),
  });
  await session.release();
  return { logits: results['logits']!.data as Float32Array, gradient: results['gradient']!.data as Float32Array };
}

const part = (values: Float32Array, index: number, count: number): Float32Array =>
  values.subarray((index * values.length) / count, ((index + 1) * values.length) / count);
const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** A and B of a smaller rank within those of a larger one, whose other rows and columns hold anything. */
function widerPair(small: ReturnType<typeof projection>, rank: number): ReturnType<typeof projection> {
  const a = seededUniform('rows of A', rank * small.maxIn, 1);
  a.set(small.a);
  const b = seededUniform('columns of B', small.maxOut * rank, 1);
  for (let row = 0; row < small.maxOut; row++)
    b.set(small.b.subarray(row * small.rank, (row + 1) * small.rank), row * rank);
  return { ...small, rank, a, b };
}

const widths = [Math.max(...sites.map(({ dIn }) => dIn)), Math.max(...sites.map(({ dOut }) => dOut))] as const;
const pair = projection(0, 5, ...widths);
const withRank = (rank: number) => ({ ...FIRST_OPTIONS, rank, alpha: 2 * rank, seed: 1 });
const methods: [string, MethodAdaptation, MethodAdaptation][] = [
  ['vera', adaptWith(widerPair(pair, 8), sites, withRank(8)), adaptWith(pair, sites, withRank(5))],
  ['lora', lora.create(sites, withRank(8), []), lora.create(sites, withRank(5), [])],
];

for (const [name, adaptation, smaller] of methods) {
  test(`${name}: each row of a batch with its own vector gives what it gives alone`, async () => {
    // The second vector is of an adapter of a smaller rank.
    const narrow = randomTheta(smaller, 0.2);
    const bank = [
      randomTheta(adaptation, 0.1),
      padded(layoutOf(smaller.parameters), layoutOf(adaptation.parameters), narrow),
    ];
    const together = await run(adaptation, ROWS, { bank, rowOf: ROW_OF });
    for (const [row, ids] of ROWS.entries()) {
      const alone = await run(adaptation, [ids], { theta: bank[ROW_OF[row]!]! });
      const size = largest(alone.logits);
      assert.ok(largestDifference(part(together.logits, row, ROWS.length), alone.logits) < 1e-5 * size, `row ${row}`);
      const slope = largest(alone.gradient);
      assert.ok(slope > 0);
      assert.ok(
        largestDifference(part(together.gradient, row, ROWS.length), alone.gradient) < 1e-4 * slope,
        `gradient of row ${row}`,
      );
      if (ROW_OF[row] !== 1) continue;
      const own = await run(smaller, [ids], { theta: narrow });
      assert.ok(largestDifference(own.logits, alone.logits) < 1e-5 * size, 'padding changes nothing');
    }
  });
}

test('a tensor that differs from row to row has no single value', () => {
  const g = new Graph();
  const layout = layoutOf([{ name: 'd', shape: [4] }]);
  const bank = g.input('bank', 'float32', [2, 4]);
  const rows = bindRows(g, layout, bank, { rowOf: g.input('rowOf', 'int64', ['batch']), length: 1 });
  assert.throws(() => rows.value('d'), /its own d/);
  assert.throws(() => bindOne(g, layout).value('e'), /no parameter e/);
});
