import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { makeFolder } from '../formats/folder.ts';
import { writeFileAtomic, writeFolderAtomic } from '../formats/atomic.ts';
import { containedFile } from '../formats/contain.ts';
import { encodeFloats } from '../formats/float.ts';
import { quote } from '../formats/quote.ts';
import { readFloats } from '../formats/safetensors.ts';
import type { DType } from '../formats/dtype.ts';
import type { TensorEntry } from '../formats/safetensors.ts';
import { INDEX_FILE, openTensors, SINGLE_FILE } from '../formats/shards.ts';
import type { MethodAdaptation } from '../methods/method.ts';
import { adapterMethod } from '../methods/registry.ts';
import { startsLate, startText } from '../methods/start.ts';
import type { BaseModel } from '../models/base.ts';
import { VeraError } from '../protocol/errors.ts';
import type { Adapter } from './adapter.ts';
import { compareLogits } from './logit-check.ts';
import type { LogitCheck } from './logit-check.ts';
import { weightUpdate } from './updates.ts';

export interface MergeOptions {
  readonly adapter: Adapter;
  readonly adaptation: MethodAdaptation;
  readonly base: BaseModel;
  readonly out: string;
  /** The folder that keeps the base's weights in other layouts. */
  readonly cache: string;
  readonly onProgress?: (text: string, fraction: number) => void;
}

export interface MergeReport extends LogitCheck {
  /** Number types of the changed weights. Types other than F32 round, and that rounding is then most of the difference. */
  readonly dtypes: DType[];
  /** Files of the base that were not copied, since they hold its old weights in another form. */
  readonly leftOut: string[];
}

/** The file that says how the model was made. The base's licence may require such a note on changed files. */
const NOTE = 'vera-merge.json';

/** A float32 merge differs only by rounding. A thousandth of the largest logit is a hundred times the usual rounding. */
const EXACT_TOLERANCE = 1e-3;

/**
 * Writes the base with the adapter in its weights as a Hugging Face folder. Files, shards, names and dtypes stay the same; only
 * the adapted weights change (W + update in float32, then rounded to the tensor's type). One tensor is in memory at a time.
 * The folder appears only after its logits were compared with those of base and adapter. Throws VeraError 'usage' if `out` is
 * not empty or the method cannot be merged, 'numeric' if a weight no longer fits its type or the logits disagree, and 'io'.
 */
export async function mergeModel(options: MergeOptions): Promise<MergeReport> {
  const { adapter, adaptation, base, cache } = options;
  const method = adapterMethod(adapter.method);
  if (!method.mergeable)
    throw new VeraError('usage', `an adapter of ${method.label} cannot be added to the weights of its base`);
  if (startsLate(adapter.options))
    throw new VeraError(
      'usage',
      `this adapter starts ${startText(adapter.options)}, but weights act on every token, so it cannot be merged; serve it as an adapter, or train it again without Start after`,
    );
  let report: MergeReport | undefined;
  await writeFolderAtomic(options.out, async (temporary) => {
    const leftOut = copyModel(base, temporary);
    const dtypes = await mergeWeights(options, temporary);
    options.onProgress?.('comparing logits', 1);
    const work = join(temporary, '.check');
    const merged: BaseModel = { ...base, dir: temporary, tensors: openTensors(temporary), fingerprint: 'merged' };
    const check = await compareLogits(
      { base, adaptation, theta: adapter.theta, cache },
      { base: merged, cache: work },
    ).finally(() => rmSync(work, { recursive: true, force: true }));
    report = { ...check, dtypes, leftOut };
    refuseDifference(report);
    writeFileAtomic(join(temporary, NOTE), JSON.stringify(noteOf(options, report), null, 2) + '\n');
  });
  return report!;
}

/** Copies every file of the base, except weights in other forms, which would not be merged. Returns what was left out. */
function copyModel(base: BaseModel, to: string): string[] {
  const weights = new Set([...base.tensors.values()].map(({ file }) => relative(base.dir, file)));
  if (!weights.has(SINGLE_FILE)) weights.add(INDEX_FILE);
  const leftOut: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(base.dir, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      // Hidden files belong to a download or to version control. The work in progress of a merge is hidden too.
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) walk(path);
      else if (!weights.has(join(path)) && HOLDS_WEIGHTS.test(entry.name)) leftOut.push(path);
      else if (path !== NOTE && statSync(containedFile(base.dir, path)).isFile())
        copyFile(join(base.dir, path), join(to, path));
    }
  };
  walk('');
  return leftOut;
}

const HOLDS_WEIGHTS =
  /\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|gguf|onnx|onnx_data|ot|tflite|npz|llamafile)$|\.(safetensors|bin)\.index\.json$/i;

function copyFile(from: string, to: string): void {
  makeFolder(dirname(to));
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  chmodSync(to, 0o644); // the copy of a read-only download could not be changed or removed otherwise
}

/** Adds the updates to the adapted weights of the copied files, in place. */
async function mergeWeights({ adapter, adaptation, base, onProgress }: MergeOptions, dir: string): Promise<DType[]> {
  const dtypes = new Set<DType>();
  for (const [i, site] of adapter.sites.entries()) {
    onProgress?.('merging', i / adapter.sites.length);
    const name = `${site.path}.weight`;
    const entry = base.tensors.get(name);
    if (entry?.shape.join() !== `${site.dOut},${site.dIn}`) {
      throw new VeraError(
        'model',
        `${quote(base.dir)}: tensor ${quote(name)} is not [${site.dOut}, ${site.dIn}], as its config.json has it`,
      );
    }
    const update = await weightUpdate(adaptation, site, adapter.theta);
    if (!update) throw new Error(`no update for ${site.path}`);
    const values = addInto(readFloats(entry), update, entry);
    overwrite(join(dir, relative(base.dir, entry.file)), entry.offset, encodeFloats(entry.dtype, values));
    dtypes.add(entry.dtype);
  }
  return [...dtypes].sort();
}

/** The largest magnitude of each type that does not round to infinity. */
const LARGEST: Partial<Record<DType, number>> = { F16: 65519.99, BF16: 3.395e38 };

/** Adds the update to the weights in place. Refuses a sum that does not fit the tensor's type, unless the weight did not fit either. */
function addInto(weights: Float32Array, update: Float32Array, { dtype, name }: TensorEntry): Float32Array {
  const largest = LARGEST[dtype] ?? 3.4028234663852886e38;
  for (let i = 0; i < weights.length; i++) {
    const before = weights[i]!;
    weights[i] = before + update[i]!;
    if (!(Math.abs(weights[i]!) <= largest) && Math.abs(before) <= largest) {
      throw new VeraError(
        'numeric',
        `tensor ${quote(name)}: the merged weight ${weights[i]!} does not fit ${dtype}; the adapter is damaged or did not converge`,
      );
    }
  }
  return weights;
}

function overwrite(file: string, offset: number, bytes: Uint8Array): void {
  const fd = openSync(file, 'r+');
  try {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, Math.min(bytes.length - done, 2 ** 30), offset + done);
    }
  } finally {
    closeSync(fd);
  }
}

function refuseDifference({ maxDifference, maxLogit, dtypes }: MergeReport): void {
  const exact = dtypes.every((dtype) => dtype === 'F32' || dtype === 'F64');
  if (Number.isFinite(maxDifference) && (!exact || maxDifference <= EXACT_TOLERANCE * Math.max(1, maxLogit))) return;
  throw new VeraError(
    'numeric',
    `the merged model's logits differ by ${maxDifference} from those of base and adapter, so it was not written; evaluate the adapter to see whether it works`,
    { remedy: { do: 'evaluateAdapter' } },
  );
}

function noteOf({ adapter, base }: MergeOptions, report: MergeReport): Record<string, unknown> {
  const { method, targets, options } = adapter;
  return {
    note: 'The weights of the adapted linear layers were changed: an adapter was merged into them.',
    base: basename(adapter.basePath ?? base.dir),
    baseFingerprint: base.fingerprint,
    ...{ method, targets },
    ...Object.fromEntries(adapterMethod(method).decisive.map((name) => [name, options[name]])),
    maxLogitDifference: report.maxDifference,
  };
}
