// Encodes OUT/mix.jsonl (written by corpus.ts) once: OUT/train.u16, little-endian token ids, every row followed by <|endoftext|>.
// Run as `node daemon/demo/recipe/tokens.ts OUT`.
import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { VeraError } from '../../protocol/errors.ts';

const END_OF_TEXT = '<|endoftext|>';

function main(out: string): void {
  const tokenizer = loadTokenizer(join(import.meta.dirname, '..'));
  const end = tokenizer.tokenId(END_OF_TEXT);
  if (end === undefined) throw new VeraError('model', `tokenizer.json has no ${END_OF_TEXT}`);
  const file = join(out, 'train.u16');
  const handle = openSync(`${file}.part`, 'w');
  let tokens = 0;
  for (const line of readFileSync(join(out, 'mix.jsonl'), 'utf8').trimEnd().split('\n')) {
    const { text } = JSON.parse(line) as { text: string };
    const ids = Uint16Array.from([...tokenizer.encode(text, { addSpecialTokens: false }), end]);
    writeSync(handle, new Uint8Array(ids.buffer));
    tokens += ids.length;
  }
  closeSync(handle);
  renameSync(`${file}.part`, file);
  console.log(JSON.stringify({ file, tokens }));
}

const out = process.argv[2];
if (out === undefined)
  throw new VeraError('usage', 'node daemon/demo/recipe/tokens.ts OUT: the folder of mix.jsonl is missing');
main(out);
