import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Operator } from '../value.ts';
import { OPERATORS } from './registry.ts';

const folder = import.meta.dirname;
const files = readdirSync(folder).filter((file) => !file.endsWith('.test.ts') && file !== 'registry.ts');

const isOperator = (value: unknown): value is Operator =>
  typeof value === 'object' && value !== null && 'type' in value && 'shape' in value;

async function operatorsIn(file: string): Promise<Operator[]> {
  const exported = (await import(join(folder, file))) as Record<string, unknown>;
  return Object.values(exported).filter(isOperator);
}

test('every operator that a file in this folder exports is in the registry', async () => {
  const listed = new Set(OPERATORS);
  let found = 0;
  for (const file of files) {
    for (const operator of await operatorsIn(file)) {
      assert.ok(listed.has(operator), `ops/${file}: add ${operator.type} to ops/registry.ts`);
      found++;
    }
  }
  assert.equal(found, OPERATORS.length, 'and the registry lists nothing else');
});

test('no two operators have one name', () => {
  const names = OPERATORS.map(({ type }) => type);
  assert.equal(new Set(names).size, names.length);
});

// QuantizedLinear rounds, so finite differences say nothing. Its test compares `gradients` with those of the exact product.
test('every operator has a test beside it, which compares its gradient with finite differences', async () => {
  for (const file of files) {
    const beside = join(folder, file.replace(/\.ts$/, '.test.ts'));
    assert.ok(existsSync(beside), `ops/${file} has no test`);
    const operators = await operatorsIn(file);
    if (operators.some(({ gradient }) => gradient))
      assert.match(
        readFileSync(beside, 'utf8'),
        /\b(differentiates|testBinary|checkGradient|gradients)\(/,
        `ops/${file}: its gradient is not checked`,
      );
  }
});

test('an operator that is lowered is not an ONNX operator, so it has no domain', () => {
  for (const { type, lower, domain } of OPERATORS) if (lower) assert.equal(domain, undefined, type);
});
