/** Runs the scripts of this folder in their environment (test/.venv, made by setup.sh; PEERS_PYTHON names another). */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readFloat32, splitRows } from '../fixtures/read.ts';

const run = promisify(execFile);
const interpreter = process.env['PEERS_PYTHON'] ?? join(import.meta.dirname, '../.venv/bin/python');

/** Runs a script and returns the JSON object that it prints last. If it fails, the error contains its output. */
export async function peer<T>(script: string, args: (string | number)[]): Promise<T> {
  const env = { ...process.env, PYTHONWARNINGS: 'ignore', HF_HUB_OFFLINE: '1', HF_HUB_DISABLE_TELEMETRY: '1' };
  const { stdout } = await run(interpreter, [join(import.meta.dirname, script), ...args.map(String)], {
    env,
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
}

/** Logits of transformers (with an adapter, of PEFT): per row [tokens, vocabulary] row-major, fp32. */
export async function peerLogits(
  model: string,
  rows: number[][],
  options: { adapter?: string; merge?: boolean } = {},
): Promise<Float32Array[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vera-peer-'));
  try {
    const ids = join(folder, 'ids.json');
    const out = join(folder, 'logits.f32');
    writeFileSync(ids, JSON.stringify(rows));
    const adapter = options.adapter === undefined ? [] : ['--adapter', options.adapter];
    await peer('logits.py', [model, ids, out, ...adapter, ...(options.merge === true ? ['--merge'] : [])]);
    return splitRows(readFloat32(out), rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
