import { quote } from '../../formats/quote.ts';
import { VeraError } from '../../protocol/errors.ts';
import { completion } from './completion.ts';
import { download } from './download.ts';
import { evaluate } from './evaluate.ts';
import { exported } from './export.ts';
import { imported } from './import.ts';
import type { AnyKind } from './kind.ts';
import { merge } from './merge.ts';
import { train } from './train.ts';

/** Every kind of job. A new one is a file beside this and a line here. */
export const KINDS: readonly AnyKind[] = [train, evaluate, completion, merge, exported, imported, download];

/** A kind by its name; undefined for one of another version of this program. */
export const findKind = (name: string): AnyKind | undefined => KINDS.find((kind) => kind.name === name);

/** findKind that throws VeraError 'usage'. */
export function kindNamed(name: string): AnyKind {
  const kind = findKind(name);
  if (kind) return kind;
  const names = KINDS.map((one) => one.name).join(', ');
  throw new VeraError('usage', `there are no jobs of kind ${quote(name)}; the kinds are ${names}`);
}
