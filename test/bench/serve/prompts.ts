/** Prompts of real code: the files of this repository. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tokenizer } from '../../../daemon/data/tokenizer.ts';
import { root, sources } from '../../sources.ts';

export interface Prompts {
  /** A prompt of so many tokens that begins in another way than all before it. */
  fresh(tokens: number): number[];
  /** The beginning of a file. */
  file(name: string, tokens: number): number[];
}

const BYTES = 600_000;

export function promptsOf(tokenizer: Tokenizer): Prompts {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  let text = '';
  for (const file of sources(['.ts'])) {
    if (text.length > BYTES) break;
    if (file.startsWith('daemon/')) text += read(file);
  }
  const all = tokenizer.encode(text);
  let place = 0;
  return {
    fresh(tokens) {
      place = (place + 769) % (all.length - tokens);
      return all.slice(place, place + tokens);
    },
    file: (name, tokens) => tokenizer.encode(read(name)).slice(0, tokens),
  };
}
