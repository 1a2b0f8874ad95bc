/**
 * Makes a JSONL file of 1 GB (or as many MB as asked) in a temporary folder, opens it in a process of its own, and prints
 * the seconds until the first batch is there and that process's peak resident memory.
 *
 *   node test/bench/large-jsonl.ts [megabytes] [tokenizer folder]
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batches } from '../../daemon/data/batch.ts';
import { openDataset } from '../../daemon/data/dataset.ts';
import { loadTokenizer } from '../../daemon/data/tokenizer.ts';
import { tinyTokenizer } from '../fixtures/tokenizer/build.ts';

const [role, ...rest] = process.argv.slice(2);
if (role === 'open') await measure(rest[0]!, rest[1]);
else make(Number(role ?? 1000), rest[0]);

function make(megabytes: number, tokenizer: string | undefined): void {
  const dir = mkdtempSync(join(tmpdir(), 'large-jsonl-'));
  try {
    const file = join(dir, 'large.jsonl');
    const fd = openSync(file, 'w');
    let rows = 0;
    for (let written = 0; written < megabytes * 1e6;) {
      const lines: string[] = [];
      for (let i = 0; i < 2000; i++, rows++) {
        const completion = `${rows} is ${rows % 2 === 0 ? 'even' : 'odd'}; ${'the quick brown fox jumps '.repeat(rows % 60)}`;
        lines.push(JSON.stringify({ prompt: `What is to be said of ${rows}?`, completion }));
      }
      written += writeSync(fd, `${lines.join('\n')}\n`);
    }
    closeSync(fd);
    console.log(`${megabytes} MB, ${rows} rows`);
    const args = [import.meta.filename, 'open', file, ...(tokenizer === undefined ? [] : [tokenizer])];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    process.exitCode = status ?? 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measure(file: string, tokenizerDir: string | undefined): Promise<void> {
  const tokenizer = loadTokenizer(tokenizerDir ?? tinyTokenizer());
  const began = performance.now();
  const dataset = await openDataset(file, {
    tokenizer,
    length: 256,
    lossOn: 'answer',
    onBadRow: 'error',
    heldOut: 0.01,
    fimRate: 0,
  });
  const opened = performance.now();
  const first = await batches(dataset.train(0, 0), { rows: 4, length: 256, packing: 'pack' }).next();
  const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(2);
  console.log(dataset.description);
  console.log(`opened in ${((opened - began) / 1000).toFixed(2)} s, first batch after ${seconds(began)} s`);
  console.log(`first batch: ${first.done ? 0 : first.value.tokens} tokens`);
  console.log(`peak resident memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
}
