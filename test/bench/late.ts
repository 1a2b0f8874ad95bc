/**
 * What an adapter that starts late costs and saves: `npm run bench:late`. Three settings: the base, an adapter that acts on every
 * token, and one that starts at the answer. Part `loss` trains each adapter on the same batches and prints the held-out loss. Part
 * `first` measures the time to the first token of an answer. `-- --data FILE` names rows of questions and answers (default: code of
 * this repository, cut into what stands before and the lines that follow), `--only first` runs one part, `--method vera` one method, `--steps 40`, `--rounds 5` and
 * `--threads 2` are the defaults, `--model` is a folder or GGUF file, `--json FILE` also writes the figures as JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadTokenizer } from '../../daemon/data/tokenizer.ts';
import { cacheFolder } from '../../daemon/home.ts';
import { resolveBase } from '../../daemon/models/resolve.ts';
import { root } from '../sources.ts';
import { codeRows } from './late/codeRows.ts';
import { firstToken } from './late/firstToken.ts';
import { heldOutLosses } from './late/heldOut.ts';
import { METHODS } from './late/setting.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: 'loss,first' },
    method: { type: 'string', default: 'vera,lora' },
    data: { type: 'string' },
    model: { type: 'string', default: join(root, 'test/.models/SmolLM2-135M-Instruct.Q4_1.gguf') },
    steps: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});
const parts = flags.only.split(',');
const threads = Number(flags.threads);
const cache = cacheFolder();
const base = await resolveBase(flags.model, { cache });
const methods = METHODS.filter(({ method }) => flags.method.split(',').includes(method));
const setting = { base, tokenizer: loadTokenizer(base.dir), cache, threads, methods };
const scratch = mkdtempSync(join(tmpdir(), 'vera-bench-'));
const figures: Record<string, unknown> = {};
try {
  console.log(`${flags.model}, int8, ${cpus()[0]?.model ?? 'unknown processor'}, ${threads} threads`);
  if (parts.includes('loss')) {
    const data = flags.data ?? codeRows(join(scratch, 'code.jsonl'));
    figures['loss'] = await heldOutLosses(setting, data, Number(flags.steps));
  }
  if (parts.includes('first')) figures['first'] = await firstToken(setting, Number(flags.rounds));
  if (flags.json !== undefined) writeFileSync(flags.json, JSON.stringify(figures, null, 2) + '\n');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
