import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { until } from '../../test/daemon.ts';
import { askChoice, type Choice } from './interrupt.ts';

/** What comes of typing lines, each after the question was asked again; undefined ends the input. */
async function typed(...lines: (string | undefined)[]): Promise<{ choice: Choice; asked: number }> {
  const [input, output] = [new PassThrough(), new PassThrough({ encoding: 'utf8' })];
  let text = '';
  output.on('data', (chunk: string) => (text += chunk));
  const questions = (): number => text.split('[s/l/k]').length - 1;
  const choice = askChoice(input, output);
  for (const [i, line] of lines.entries()) {
    await until('it is asked', () => questions() > i);
    if (line === undefined) input.end();
    else input.write(`${line}\n`);
  }
  return { choice: await choice, asked: questions() };
}

test('each answer, by its letter or word; anything else is asked again', async () => {
  assert.deepEqual(await typed('s'), { choice: 'stop', asked: 1 });
  assert.deepEqual(await typed(' LEAVE '), { choice: 'leave', asked: 1 });
  assert.deepEqual(await typed('k'), { choice: 'keep watching', asked: 1 });
  assert.deepEqual(await typed('', 'x', 'stopp', 'l'), { choice: 'leave', asked: 4 });
});

test('the end of input keeps watching: nobody has said that the job should stop', async () => {
  assert.deepEqual(await typed(undefined), { choice: 'keep watching', asked: 1 });
});
