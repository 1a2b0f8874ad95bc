import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary.ts';
import { isHubId } from '../protocol/hubId.ts';
import { parseConfig } from './config.ts';
import { RECOMMENDED } from './recommended.ts';
import { resolveConfig } from './resolve.ts';
import { parameterCount } from './tensors.ts';

test('every recommended model has the parameters that its config makes', () => {
  for (const { id, config, parameters, bytes } of RECOMMENDED) {
    assert.ok(isHubId(id), id);
    const parsed = parseConfig(config, id);
    // Two of them hold a head that equals the embeddings.
    const repeated = parsed.vocabulary * parsed.hidden;
    const counted = parameterCount(parsed);
    assert.ok(parameters === counted || parameters === counted + repeated, `${id}: ${counted}`);
    assert.equal(bytes, 2 * (parameters ?? 0));
  }
  const sizes = RECOMMENDED.map(({ bytes }) => bytes!);
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(RECOMMENDED.map(({ id }) => id)).size, RECOMMENDED.length);
});

test('the config of a recommended model needs no download', async () => {
  const { layers } = await resolveConfig('Qwen/Qwen2.5-Coder-1.5B', { cache: join(temporaryFolder(), 'cache') });
  assert.equal(layers, 28);
});
