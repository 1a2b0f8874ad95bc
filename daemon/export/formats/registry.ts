import { quote } from '../../formats/quote.ts';
import { VeraError } from '../../protocol/errors.ts';
import type { Setting } from '../../settings/setting.ts';
import type { ExportFormat } from './format.ts';
import { merge } from './merge.ts';
import { peft } from './peft.ts';
import { safetensors } from './safetensors.ts';

/** Every form an adapter can be exported in. A new one is a file beside this and a line here. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [peft, safetensors, merge];

export function exportFormat(name: string): ExportFormat {
  const found = EXPORT_FORMATS.find((format) => format.name === name);
  if (found) return found;
  const names = EXPORT_FORMATS.map((format) => format.name).join(', ');
  throw new VeraError('usage', `there is no export format ${quote(name)}; choose one of ${names}`);
}

/** The options of all formats; one that formats share is listed once. */
export const EXPORT_OPTIONS: readonly Setting[] = [
  ...new Map(EXPORT_FORMATS.flatMap(({ options }) => options).map((option) => [option.name, option])).values(),
];
