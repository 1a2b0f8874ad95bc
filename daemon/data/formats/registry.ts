import { chat } from './chat.ts';
import { code } from './code.ts';
import { instruction } from './instruction.ts';
import { pair } from './pair.ts';
import { sharegpt } from './sharegpt.ts';
import { text } from './text.ts';
import type { Format } from './format.ts';

/** Every format, the most specific first: the first that matches a row's columns is the one. */
export const formats: readonly Format[] = [chat, sharegpt, pair, instruction, text, code];
