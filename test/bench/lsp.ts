/**
 * What a 100 MB dataset costs in the language server: opening, first diagnostics, the whole scan, an edit, a hover during
 * the scan and after it, memory. The server is the real one, over stdio. The tokenizer is that of the bundled model.
 *
 *   node test/bench/lsp.ts [megabytes] [rows of this many characters]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../sources.ts';
import { startClient } from '../lsp/client.ts';

const megabytes = Number(process.argv[2] ?? 100);
const rowSize = Number(process.argv[3] ?? 500);
const uri = 'file:///nowhere/large.jsonl';

const words = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split(/\s+/);

/** Rows of about `rowSize` characters. One row in a thousand lacks its answer, and one in five thousand is not JSON. */
function rows(): string {
  const out: string[] = [];
  for (let size = 0, i = 0; size < megabytes * 1e6; i++) {
    const count = Math.max(4, Math.floor(rowSize / 7));
    const from = (i * 7919) % (words.length - 1);
    const text = Array.from({ length: count }, (_, n) => words[(from + n) % words.length]!).join(' ');
    const answer = i % 1000 === 999 ? '' : text.slice(text.length / 2);
    const messages = [
      { role: 'user', content: `${i}: ${text.slice(0, text.length / 2)}` },
      { role: 'assistant', content: answer },
    ];
    const row = JSON.stringify({ messages }) + (i % 5000 === 4999 ? '}' : '');
    out.push(row);
    size += row.length + 1;
  }
  return `${out.join('\n')}\n`;
}

const milliseconds = (from: number): string => `${(performance.now() - from).toFixed(0)} ms`;
function memory(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): string =>
    `${(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024).toFixed(0)} MiB`;
  return `${of('VmRSS')} now, ${of('VmHWM')} at most`;
}
const print = (name: string, value: string): void => console.log(`${name.padEnd(44)} ${value}`);
async function times(count: number, work: (i: number) => Promise<unknown>): Promise<string> {
  const taken: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = performance.now();
    await work(i);
    taken.push(performance.now() - from);
  }
  taken.sort((a, b) => a - b);
  return `median ${taken[count >> 1]!.toFixed(1)} ms, worst ${taken.at(-1)!.toFixed(1)} ms of ${count}`;
}

const text = rows();
const lines = text.split('\n').length - 1;
print('document', `${(text.length / 1e6).toFixed(0)} MB, ${lines.toLocaleString('en-US')} rows`);
let from = performance.now();
const client = await startClient({ settings: { base: join(root, 'daemon/demo'), length: 512, tokensPerSecond: 500 } });
print('server started', milliseconds(from));

from = performance.now();
const settled = client.open(uri, text);
await client.diagnostics(uri);
print('opened: first diagnostics', milliseconds(from));
print('lenses during the scan', await times(5, () => client.lenses(uri)));
print('hover during the scan', await times(10, (i) => client.hover(uri, { line: (i * 7919) % lines, character: 60 })));
let character = 100;
const type = (line: number) => async (): Promise<void> => {
  const at = { line, character: character++ };
  client.change(uri, [{ range: { start: at, end: at }, text: 'x' }]);
  await client.diagnostics(uri);
};
print('edit in the middle, until its diagnostics', await times(10, type(lines >> 1)));
const found = await settled;
print('every row read, sample of tokens counted', `${milliseconds(from)}, ${found.length} diagnostics`);
print('lenses', (await client.lenses(uri)).map(({ command }) => command!.title).join(' | '));
print('memory', memory(client.process.pid!));
print('hover', await times(50, (i) => client.hover(uri, { line: (i * 7919) % lines, character: 60 })));
print('edit of one character near the end', await times(50, type(lines - 10)));
const wrong = { start: { line: lines >> 1, character: 0 }, end: { line: lines >> 1, character: 1 } };
from = performance.now();
client.change(uri, [{ range: wrong, text: '' }]);
await client.diagnostics(uri, ({ diagnostics }) => diagnostics.some(({ range }) => range.start.line === lines >> 1));
print('a fault made in the middle is shown', milliseconds(from));
const pasted = text.slice(0, text.indexOf('\n', 1e6) + 1);
const start = { line: 100, character: 0 };
from = performance.now();
client.change(uri, [{ range: { start, end: start }, text: pasted }]);
await client.settled(uri);
print(`${pasted.split('\n').length - 1} rows pasted and checked`, milliseconds(from));
print('memory', memory(client.process.pid!));
await client.end();
