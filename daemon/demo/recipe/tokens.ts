// Encodes OUT/mix.jsonl (written by corpus.ts) once: OUT/train.u16, little-endian token ids, every row followed by <|endoftext|>.
// Run as `node daemon/demo/recipe/tokens.ts OUT`.
import { Tokenizer } from '@huggingface/tokenizers';
import { createReadStream, closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { VeraError } from '../../protocol/errors.ts';

const END_OF_TEXT = '<|endoftext|>';

async function main(out: string): Promise<void> {
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')) as Record<string, unknown>;
  const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
  const end = tokenizer.token_to_id(END_OF_TEXT);
  if (end === undefined) throw new VeraError('model', `tokenizer.json has no ${END_OF_TEXT}`);
  const file = join(out, 'train.u16');
  const handle = openSync(`${file}.part`, 'w');
  let tokens = 0;
  for await (const line of createInterface({ input: createReadStream(join(out, 'mix.jsonl')), crlfDelay: Infinity })) {
    const { text } = JSON.parse(line) as { text: string };
    const ids = Uint16Array.from([...tokenizer.encode(text, { add_special_tokens: false }).ids, end]);
    writeSync(handle, new Uint8Array(ids.buffer));
    tokens += ids.length;
  }
  closeSync(handle);
  renameSync(`${file}.part`, file);
  console.log(JSON.stringify({ file, tokens }));
}

const out = process.argv[2];
if (out === undefined) throw new VeraError('usage', 'node daemon/demo/recipe/tokens.ts OUT: the folder of mix.jsonl is missing');
await main(out);
