import { quote } from '../../formats/quote.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { ExportFormat } from './format.ts';
import { peft } from './peft.ts';
import { safetensors } from './safetensors.ts';

/** Every form an adapter can be exported in. A new one is a file beside this and a line here. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [peft, safetensors];

export function exportFormat(name: string): ExportFormat {
  const found = EXPORT_FORMATS.find((format) => format.name === name);
  if (found) return found;
  const names = EXPORT_FORMATS.map((format) => format.name).join(', ');
  throw new VeraError('usage', `export format ${quote(name)} is unknown; there are ${names}`);
}
