import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { batches, type Batch, type BatchOptions, type Resume } from './batch.ts';
import type { Example } from './example.ts';

const LENGTH = 24;
type Shape = { size: number; parts: number; silent: boolean };

/** Examples whose ids are all different, so that every token can be found again; a row may give several. */
function examplesOf(shapes: Shape[]): Example[] {
  let next = 1;
  return shapes.flatMap(({ size, parts, silent }, row) =>
    Array.from({ length: parts }, () => ({
      ids: Int32Array.from({ length: size }, () => next++),
      counts: new Uint8Array(size).map((_, t) => (silent || (t % 3 === 0 && size > 3) ? 0 : 1)),
      source: { file: 'memory', line: row + 1 },
      row,
    })),
  );
}

async function* streamed(examples: Example[], start = 0): AsyncGenerator<Example> {
  for (const example of examples) if (example.row! >= start) yield await Promise.resolve(example);
}

async function collect(stream: AsyncIterable<Batch>): Promise<Batch[]> {
  const out: Batch[] = [];
  for await (const batch of stream) out.push(batch);
  return out;
}

const shape = fc.record({
  size: fc.integer({ min: 2, max: LENGTH + 1 }),
  parts: fc.integer({ min: 1, max: 3 }),
  silent: fc.boolean(),
});
const shapes = fc.array(shape, { maxLength: 150 });
const packing = fc.constantFrom<BatchOptions['packing']>('pack', 'bucket', 'none');

/** Segments of a batch as [input ids, positions], read back from its flat arrays. */
function segmentsOf(batch: Batch): { ids: number[]; positions: number[] }[] {
  const out: { ids: number[]; positions: number[] }[] = [];
  for (let r = 0; r < batch.rows; r++) {
    let current = 0;
    for (let t = 0; t < batch.length; t++) {
      const at = r * batch.length + t;
      const segment = batch.segments[at]!;
      if (segment === 0) {
        assert.equal(batch.ids[at], 0);
        continue;
      }
      if (segment !== current) {
        assert.equal(segment, current + 1);
        current = segment;
        out.push({ ids: [], positions: [] });
      }
      out.at(-1)!.ids.push(batch.ids[at]!);
      out.at(-1)!.positions.push(batch.positions[at]!);
    }
  }
  return out;
}

test('every example is used once, no token is lost, positions restart, and labels are the next tokens', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, packing, fc.integer({ min: 1, max: 5 }), async (list, how, rows) => {
      const examples = examplesOf(list);
      const made = await collect(batches(streamed(examples), { rows, length: LENGTH, packing: how }));
      const kept = examples.filter(({ counts }) => counts.indexOf(1, 1) > 0);
      const first = (ids: ArrayLike<number>) => ids[0]!;
      const found = made.flatMap(segmentsOf).sort((a, b) => first(a.ids) - first(b.ids));
      assert.deepEqual(
        found.map(({ ids }) => ids),
        kept.map(({ ids }) => [...ids.subarray(0, -1)]),
      );
      for (const { positions } of found) assert.deepEqual(positions, [...positions.keys()]);
      const labels = made.flatMap((batch) => [...batch.labels]).sort((a, b) => a - b);
      const wanted = kept.flatMap(({ ids, counts }) => [...ids].filter((_, t) => t > 0 && counts[t] === 1));
      assert.deepEqual(labels, wanted);
      for (const batch of made) {
        assert.ok(batch.rows <= rows && batch.length <= LENGTH);
        // Ids of one example follow each other, so a label must be one more than the id it is predicted from.
        batch.targets.forEach((at, i) => assert.equal(batch.labels[i], batch.ids[at]! + 1));
        assert.equal(batch.tokens, batch.segments.filter((segment) => segment > 0).length);
      }
      assert.ok(made.reduce((sum, batch) => sum + batch.examples, 0) <= examples.length);
    }),
  );
});

test('after resuming at any batch, the next batches are the same', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, packing, fc.integer({ min: 1, max: 3 }), fc.nat(), async (list, how, rows, pick) => {
      const examples = examplesOf(list);
      const options = { rows, length: LENGTH, packing: how };
      const whole = await collect(batches(streamed(examples), options));
      assert.deepEqual(await collect(batches(streamed(examples), options)), whole);
      if (whole.length === 0) return;
      const at = pick % whole.length;
      const resume = JSON.parse(JSON.stringify(whole[at]!.resume)) as Resume;
      const rest = await collect(batches(streamed(examples, resume.row), { ...options, resume }));
      assert.deepEqual(rest, whole.slice(at + 1));
    }),
  );
});

test('a resumed run can be interrupted and resumed again', async () => {
  const examples = examplesOf(
    Array.from({ length: 900 }, (_, i) => ({ size: 2 + ((i * 7) % 24), parts: 1, silent: false })),
  );
  const options = { rows: 2, length: LENGTH, packing: 'pack' as const };
  const whole = await collect(batches(streamed(examples), options));
  let resume: Resume | undefined;
  for (const expected of whole) {
    const stream = batches(streamed(examples, resume?.row ?? 0), { ...options, ...(resume ? { resume } : {}) });
    const { value } = await stream.next();
    await stream.return(undefined);
    assert.deepEqual(value, expected);
    resume = value.resume;
    assert.ok(resume.read < 1000 && resume.pending.length < 400);
  }
});

test('packing fills rows, and all batches except the last are full', async () => {
  const examples = examplesOf(
    Array.from({ length: 3000 }, (_, i) => ({ size: 2 + ((i * 7) % 23), parts: 1, silent: false })),
  );
  const made = await collect(batches(streamed(examples), { rows: 4, length: LENGTH, packing: 'pack' }));
  for (const batch of made.slice(0, -1)) assert.equal(batch.rows, 4);
  const filled = made.reduce((sum, batch) => sum + batch.tokens, 0);
  const room = made.reduce((sum, batch) => sum + batch.rows * batch.length, 0);
  assert.ok(filled / room > 0.97, `${filled} of ${room}`);
});

test('bucket needs little padding, and none keeps the order of the stream', async () => {
  const examples = examplesOf(
    Array.from({ length: 200 }, (_, i) => ({ size: 2 + ((i * 7) % 23), parts: 1, silent: false })),
  );
  const share = async (how: BatchOptions['packing']): Promise<number> => {
    const made = await collect(batches(streamed(examples), { rows: 4, length: LENGTH, packing: how }));
    const room = made.reduce((sum, batch) => sum + batch.rows * batch.length, 0);
    return made.reduce((sum, batch) => sum + batch.tokens, 0) / room;
  };
  assert.ok((await share('bucket')) > 0.9);
  assert.ok((await share('none')) < 0.8);
  const ordered = await collect(batches(streamed(examples), { rows: 4, length: LENGTH, packing: 'none' }));
  const firsts = ordered.flatMap(segmentsOf).map(({ ids }) => ids[0]!);
  assert.deepEqual(
    firsts,
    [...firsts].sort((a, b) => a - b),
  );
});

test('an example that does not fit is refused, and an empty stream gives no batch', async () => {
  const long = examplesOf([{ size: LENGTH + 2, parts: 1, silent: false }]);
  await assert.rejects(
    collect(batches(streamed(long), { rows: 1, length: LENGTH, packing: 'pack' })),
    /memory, line 1/,
  );
  assert.deepEqual(await collect(batches(streamed([]), { rows: 1, length: LENGTH, packing: 'pack' })), []);
});

test('a stream shorter than the resume point is noticed', async () => {
  const resume = { row: 0, read: 3, pending: [1], skip: 0 };
  await assert.rejects(
    collect(batches(streamed(examplesOf([])), { rows: 1, length: LENGTH, packing: 'pack', resume })),
    /fewer rows/,
  );
});
