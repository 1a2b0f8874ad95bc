import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, DRAWN, factsOfMetric, METRIC_NAMES, metricOf } from './metrics.ts';
import { columns } from './panel.ts';
import { runEvent } from './runEvents.ts';
import { metric } from './runs.ts';

/** An event of each kind with all its metrics, each with a value of its own. */
const event = (kind: 'step' | 'eval'): Record<string, unknown> => ({
  ...{ event: kind, step: 7, steps: 9, best: false, tokens: 5, rssBytes: 1, peakRssBytes: 1, secondsLeft: 1 },
  ...Object.fromEntries(
    METRIC_NAMES.flatMap((name, i) => {
      const { event: from, field = name } = factsOfMetric(name);
      return from === kind ? [[field, i + 0.5]] : [];
    }),
  ),
});

test('each metric of the table goes from its event to a row, and from there to the panel', () => {
  for (const kind of ['step', 'eval'] as const) {
    const parsed = runEvent.parse(event(kind));
    const row = metricOf(parsed)!;
    METRIC_NAMES.forEach((name, i) =>
      assert.equal(row[name], factsOfMetric(name).event === kind ? i + 0.5 : null, `${kind}: ${name}`),
    );
    assert.deepEqual(metric.parse(row), row);
    const drawn = columnsOf([row]);
    assert.deepEqual(Object.keys(columns.parse(drawn)), ['step', ...DRAWN]);
    for (const name of DRAWN) assert.deepEqual(drawn[name], [row[name]]);
  }
});

test('a line of metrics.jsonl names no event, and has each metric by its own name', () => {
  const line = Object.fromEntries([['step', 3], ...METRIC_NAMES.map((name, i) => [name, i])]);
  assert.deepEqual(metricOf(line), line);
});

test('other events, and values that are not numbers, make no row', () => {
  assert.equal(metricOf({ event: 'note', text: 'x', step: 3 }), undefined);
  assert.equal(metricOf({ event: 'step' }), undefined);
  assert.equal(metricOf({ event: 'step', step: 4, loss: NaN })?.loss, null);
});
