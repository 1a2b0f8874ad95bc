import type { Task } from '../messages.ts';
import { download } from './download.ts';
import { evaluate } from './evaluate.ts';
import { exported } from './export.ts';
import { imported } from './import.ts';
import type { Kind } from './kind.ts';
import { merge } from './merge.ts';
import { train } from './train.ts';

/** Every kind of job, by its name. It loads onnxruntime: workers alone import it. */
export const KINDS: { readonly [K in Task['kind']]: Kind<K> } = {
  train,
  evaluate,
  merge,
  export: exported,
  import: imported,
  download,
};
