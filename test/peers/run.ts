/** `npm run test:peers`: checks that transformers and PEFT read our files as we do, and we theirs, and that OpenAI's client can ask us. Needs setup.sh first. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const tests = spawn(
  process.execPath,
  [
    '--test',
    '--test-timeout=3600000',
    ...['peers', 'openai'].map((name) => join(import.meta.dirname, `${name}.test.ts`)),
  ],
  {
    env: { ...process.env, VERA_TEST_PEERS: '1' },
    stdio: 'inherit',
  },
);
tests.on('exit', (code) => (process.exitCode = code ?? 1));
