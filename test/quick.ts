/**
 * `npm run test:quick`: every test that is quick and needs neither a browser nor VS Code. It leaves out the test files whose first
 * line is `// Slow: reason`; `npm test` runs them as well. A file belongs to the slow ones from about six seconds on.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, sources } from './sources.ts';

const isSlow = (file: string): boolean => readFileSync(join(root, file), 'utf8').startsWith('// Slow: ');

const files = sources(['.test.ts']);
const quick = files.filter((file) => !isSlow(file));
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=2', '--test-timeout=120000', '--test-reporter=./test/reporter.ts', ...quick],
  { cwd: root, stdio: 'inherit' },
);
console.log(`${files.length - quick.length} slow test files were left out; npm test runs them too`);
process.exitCode = status ?? 1;
