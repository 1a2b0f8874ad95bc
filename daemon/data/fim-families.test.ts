import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillPrompt } from '../serve/prompt.ts';
import { fillInTheMiddle, fimIds, insideIds } from './fim.ts';
import { findFim } from './fim-tokens.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A vocabulary of these tokens; begin-of-text is 1. */
function familyOf(...tokens: string[]) {
  const ids = new Map(tokens.map((token, i) => [token, i + 100]));
  return { fim: findFim((token) => ids.get(token), 1)!, id: (token: string) => ids.get(token)! };
}

/** One id per character, with SentencePiece's space (32) before each text. */
const spaced: Pick<Tokenizer, 'encode'> = { encode: (text) => [32, ...Buffer.from(text)] };
const plain: Pick<Tokenizer, 'encode'> = { encode: (text) => [...Buffer.from(text)] };
const ids = (text: string): number[] => [...Buffer.from(text)];

test('each family has the order, the begin and the ends of its own code', () => {
  const [p, s] = [ids('P'), ids('S')];
  const star = familyOf('<fim_prefix>', '<fim_middle>', '<fim_suffix>', '<fim_pad>', '<file_sep>');
  assert.deepEqual(fimIds(star.fim, p, s), [100, ...p, 102, ...s, 101]);
  assert.deepEqual([...star.fim.stops].sort(), [100, 101, 102, 103, 104]);

  const qwen = familyOf('<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|fim_pad|>', '<|file_sep|>');
  assert.deepEqual(fimIds(qwen.fim, p, s), [100, ...p, 102, ...s, 101]);
  assert.ok(qwen.fim.stops.includes(qwen.id('<|fim_pad|>')) && qwen.fim.stops.includes(qwen.id('<|file_sep|>')));

  const llama = familyOf('▁<PRE>', '▁<MID>', '▁<SUF>', '▁<EOT>');
  assert.deepEqual(fimIds(llama.fim, p, s), [1, 100, ...p, 102, ...s, 101]);
  assert.deepEqual(fimIds(llama.fim, p, s, true), [1, 100, 102, ...s, 101, ...p]);
  assert.equal(llama.fim.end, 103);
  assert.ok(llama.fim.stops.includes(103));

  const deepseek = familyOf('<｜fim▁begin｜>', '<｜fim▁end｜>', '<｜fim▁hole｜>');
  assert.deepEqual(fimIds(deepseek.fim, p, s), [1, 100, ...p, 102, ...s, 101]);

  const codestral = familyOf('[PREFIX]', '[MIDDLE]', '[SUFFIX]');
  for (const inverted of [false, true])
    assert.deepEqual(fimIds(codestral.fim, p, s, inverted), [1, 102, ...s, 100, ...p]);
  assert.equal(
    findFim((token) => (token === '[PREFIX]' ? 1 : undefined)),
    undefined,
  );
});

test('suffix and middle have no space of SentencePiece before them, the prefix has', () => {
  assert.deepEqual(insideIds(spaced, 'ab'), ids('ab'));
  assert.deepEqual(insideIds(plain, 'ab'), ids('ab'));
  assert.deepEqual(insideIds(spaced, ''), []);
  const { fim } = familyOf('▁<PRE>', '▁<MID>', '▁<SUF>', '▁<EOT>');
  const tokenizer = { ...spaced, fim } as Tokenizer;
  assert.deepEqual(fillPrompt(tokenizer, 'ab', 'c'), [1, 100, 32, ...ids('ab'), 102, ...ids('c'), 101]);
});

test('training writes what completion asks for, then the middle and its end', () => {
  for (const marks of [
    ['▁<PRE>', '▁<MID>', '▁<SUF>', '▁<EOT>'],
    ['[PREFIX]', '[MIDDLE]', '[SUFFIX]'],
    ['<｜fim▁begin｜>', '<｜fim▁end｜>', '<｜fim▁hole｜>'],
  ]) {
    const { fim } = familyOf(...marks);
    const tokenizer = { ...spaced, fim, eosId: 2 } as Tokenizer;
    // The cuts are after 'a' and after 'ab'; the form is prefix, suffix, middle.
    const draws = [0.25, 0.5, 0.9];
    const written = fillInTheMiddle('abcd', tokenizer, fim, () => draws.shift()!, 64)!;
    assert.deepEqual(written, [...fillPrompt(tokenizer, 'a', 'cd'), ...ids('b'), fim.end ?? 2]);
    const few = [0.25, 0.5, 0.9];
    assert.equal(
      fillInTheMiddle('abcd', tokenizer, fim, () => few.shift()!, 4),
      undefined,
    );
  }
});
