import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadTokenizer } from '../data/tokenizer.ts';
import { VeraError } from '../protocol/errors.ts';
import { root } from '../../test/sources.ts';
import { fillPrompt, chatPrompt, textPrompt } from './prompt.ts';
import { stopTokens } from './stop.ts';
import { textStream } from './stream.ts';

const dir = join(root, 'daemon/demo');
const tokenizer = loadTokenizer(dir);

test('the pieces of an answer together are its text, and no piece holds half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (question, answer) => {
      const stream = textStream(tokenizer, textPrompt(tokenizer, question));
      const pieces = tokenizer.encode(answer, { addSpecialTokens: false }).map((id) => stream.push(id));
      assert.ok(pieces.every((piece) => !piece.includes('\ufffd')));
      assert.equal([...pieces, stream.end()].join(''), answer);
    }),
  );
});

test('what is cut off in the middle of a character is said at the end', () => {
  const stream = textStream(tokenizer, []);
  const ids = tokenizer.encode('\u{1f984}', { addSpecialTokens: false });
  assert.ok(ids.length > 1, 'the tokenizer must need several tokens for it');
  assert.equal(stream.push(ids[0]!), '');
  assert.match(stream.end(), /\ufffd/);
});

test('a fill-in prompt has its three marks, and an answer ends at any of them', () => {
  const { fim, eosId } = tokenizer;
  const ids = fillPrompt(tokenizer, 'a = ', '\n');
  const places = [fim!.prefix, fim!.suffix, fim!.middle].map((id) => ids.indexOf(id));
  assert.equal(places[0], 0);
  assert.equal(places[2], ids.length - 1);
  assert.equal(tokenizer.decode(ids.slice(1, places[1])), 'a = ');
  assert.equal(tokenizer.decode(ids.slice(places[1]! + 1, -1)), '\n');
  const stop = stopTokens(dir, tokenizer);
  for (const id of [eosId!, ...fim!.stops]) assert.ok(stop.includes(id));
});

test('a chat prompt ends where the answer begins; a model without template or marks says so', () => {
  const ids = chatPrompt(tokenizer, 'Hello?', 'Be brief.');
  assert.equal(
    tokenizer.decode(ids),
    tokenizer.renderChat!(
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello?' },
      ],
      { addGenerationPrompt: true },
    ),
  );
  const plain = { ...tokenizer };
  delete plain.renderChat;
  delete plain.fim;
  const refused = (action: () => unknown, says: RegExp) =>
    assert.throws(
      action,
      (error: unknown) => error instanceof VeraError && error.code === 'usage' && says.test(error.message),
    );
  refused(() => chatPrompt(plain, 'x'), /no chat template/);
  refused(() => fillPrompt(plain, 'x', 'y'), /no fill-in-the-middle/);
});
