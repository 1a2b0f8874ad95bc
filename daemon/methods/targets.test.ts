import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelFixture } from '../../test/fixtures/read.ts';
import { readConfig } from '../models/config.ts';
import { linearSites } from '../models/registry.ts';
import { VeraError } from '../protocol/errors.ts';
import { selectSites } from './targets.ts';

const sites = linearSites(readConfig(modelFixture('llama').dir));
const chosen = (targets: string, layers?: string) =>
  selectSites(sites, targets, layers).map(({ path }) => path.replace('model.layers.', ''));
const check = (targets: string, expected: string[], layers?: string) =>
  assert.deepEqual(chosen(targets, layers), expected);

test('names match the end of a path, in the order of the model', () => {
  check('q_proj', ['0.self_attn.q_proj', '1.self_attn.q_proj']);
  check('v_proj, q_proj', ['0.self_attn.q_proj', '0.self_attn.v_proj', '1.self_attn.q_proj', '1.self_attn.v_proj']);
  check('mlp.up_proj', ['0.mlp.up_proj', '1.mlp.up_proj']);
  check('model.layers.1.mlp.down_proj', ['1.mlp.down_proj']);
});

test('all-linear is every linear layer but the head', () => {
  assert.equal(chosen('all-linear').length, 14);
  assert.deepEqual(new Set(chosen('all-linear')), new Set(sites.map(({ path }) => path.replace('model.layers.', ''))));
});

test('a regular expression matches whole paths', () => {
  check(String.raw`.*\.(gate|up)_proj`, ['0.mlp.gate_proj', '0.mlp.up_proj', '1.mlp.gate_proj', '1.mlp.up_proj']);
  check(String.raw`model\.layers\.1\.self_attn\.[kv]_proj`, ['1.self_attn.k_proj', '1.self_attn.v_proj']);
});

test('layers narrow the choice', () => {
  check('q_proj', ['1.self_attn.q_proj'], '1');
  check('q_proj', ['0.self_attn.q_proj', '1.self_attn.q_proj'], '0-1');
  check('q_proj', ['0.self_attn.q_proj', '1.self_attn.q_proj'], '1, 0');
});

test('what matches nothing is refused, with what there is', () => {
  const refused = (targets: string, layers: string | undefined, says: RegExp) =>
    assert.throws(
      () => chosen(targets, layers),
      (error: unknown) =>
        error instanceof VeraError &&
        error.code === 'usage' &&
        !error.message.includes('\n') &&
        says.test(error.message),
    );
  refused(
    'query',
    undefined,
    /"query" match no linear layer; the model has q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj/,
  );
  refused('q_proj,query', undefined, /"query" matches no linear layer/);
  refused('proj', undefined, /match no linear layer/);
  refused('.*(', undefined, /no valid regular expression/);
  refused('q_.*', undefined, /match no linear layer/);
  refused('', undefined, /match/);
  refused('q_proj', '2', /layers "2": write 0-1.*the model has 2 layers/);
  refused('q_proj', '1-0', /layers "1-0"/);
  refused('q_proj', 'first', /layers "first"/);
  refused('q_proj', '', /layers ""/);
});
