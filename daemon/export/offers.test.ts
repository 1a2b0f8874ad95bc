import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportOffers } from './offers.ts';

const sizes = { bytes: 1000, fullBytes: 9000, mergeable: true, baseParameters: 50 };
const named = (changes: Partial<typeof sizes>) =>
  new Map(exportOffers({ ...sizes, ...changes }, {}).map((offer) => [offer.name, offer]));

test('a merged model is offered only for an adapter that can be merged', () => {
  assert.equal(named({}).get('merge')?.bytes, 200);
  assert.equal(named({ mergeable: false }).has('merge'), false);
  assert.ok(named({ mergeable: false }).has('peft'));
});

test('where PEFT does otherwise with the adapter, its formats say so', () => {
  const offers = exportOffers({ ...sizes, differs: 'It acts on every token.' }, {});
  const told = offers.filter(({ losses }) => losses === 'It acts on every token.');
  assert.deepEqual(
    told.map(({ name }) => name),
    ['peft', 'safetensors'],
  );
});

test('whether frozen tensors are stored is asked only if there are any', () => {
  const options = (changes: Partial<typeof sizes>) =>
    named(changes)
      .get('peft')!
      .options.map(({ name }) => name);
  assert.deepEqual(options({}), ['projection']);
  assert.deepEqual(options({ fullBytes: 1000 }), []);
});
