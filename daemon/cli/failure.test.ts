import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { veraHome } from '../home.ts';
import { VeraError } from '../protocol/errors.ts';
import { failureOf } from './failure.ts';

const flagOf = (name: string): string | undefined => ({ patience: '--patience', heldOut: '--held-out' })[name];
const messageOf = (error: VeraError): string | undefined => failureOf(error, flagOf)?.message;

test('the command line adds the flags that it has, and the command that helps', () => {
  const settings = ['patience', 'heldOut', 'nothingOfThisCommand'];
  assert.equal(messageOf(new VeraError('usage', 'it is wrong', { settings })), 'it is wrong (--patience, --held-out)');
  const remedy = { do: 'resume', folder: '/out', lr: 0.1 } as const;
  assert.equal(messageOf(new VeraError('numeric', 'resume', { remedy })), 'resume: vera train --resume /out --lr 0.1');
  assert.equal(
    messageOf(new VeraError('daemon', 'stop it', { remedy: { do: 'stopDaemonNow' } })),
    'stop it: vera daemon stop --now',
  );
  assert.equal(messageOf(new VeraError('usage', 'plain')), 'plain');
  const file = join(veraHome(), 'cache', 'fingerprints.json');
  assert.equal(
    messageOf(new VeraError('io', `cannot write "${file}": permission is denied (EACCES)`)),
    `cannot write "${file}": permission is denied (EACCES); choose another state folder: VERA_HOME=FOLDER vera ...`,
  );
  assert.equal(messageOf(new VeraError('io', 'cannot write "/elsewhere"')), 'cannot write "/elsewhere"');
});
