import type { AdapterRow } from '../../daemon/protocol/adapters.ts';
import { bytesText } from '../../daemon/protocol/text.ts';

export type FormatId = 'merge' | 'peft' | 'peftWhole' | 'safetensors';

export interface Format {
  readonly id: FormatId;
  readonly label: string;
  /** Bytes it will take; undefined where that is not known. */
  readonly bytes: number | undefined;
  /** What the format cannot keep, or what it needs to be read. */
  readonly loses: string;
}

const FLOAT = 4; // bytes
const CONFIG_BYTES = 1500; // of adapter_config.json and vera.json

/** Forms that an adapter can leave in, with their size and what is lost. files: its own sizes; base: its parameters, where known. Pure. */
export function formatsOf(
  adapter: AdapterRow,
  files: { bytes: number; fullBytes: number },
  base: number | null,
): Format[] {
  const [small, whole] = [files.bytes + CONFIG_BYTES, files.fullBytes + CONFIG_BYTES];
  const formats: Format[] = [
    {
      id: 'peft',
      label: 'Adapter for Hugging Face PEFT',
      bytes: small,
      loses: adapter.method === 'vera' ? 'Loses nothing: A and B come back from the seed.' : 'Loses nothing.',
    },
    ...(adapter.method === 'vera'
      ? [
          {
            id: 'peftWhole' as const,
            label: 'Adapter for PEFT, with A and B in it',
            bytes: whole,
            loses: 'Loses nothing; larger, for programs that cannot make A and B.',
          },
        ]
      : []),
    {
      id: 'safetensors',
      label: 'One safetensors file',
      bytes: small,
      loses: 'Loses nothing; PEFT does not read it as it is.',
    },
    {
      id: 'merge',
      label: 'Merged model',
      bytes: base === null ? undefined : base * FLOAT,
      loses:
        'No longer an adapter: it cannot be taken out or switched. Weights keep the precision of the base, and round where that is less than float32.',
    },
  ];
  return formats;
}

export const sizeText = ({ bytes, id }: Format): string =>
  bytes === undefined ? '' : id === 'merge' ? `at most ${bytesText(bytes)}` : `about ${bytesText(bytes)}`;

/** What the merge's check found, as a sentence. Pure. */
export function checkText(difference: unknown): string {
  return typeof difference === 'number'
    ? ` Checked: its answers differ from base and adapter by at most ${difference === 0 ? '0' : difference.toExponential(1)} in a logit.`
    : '';
}

export interface Use {
  readonly label: string;
  readonly line: string;
}

const quoted = (text: string): string => (/^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Command lines that use what was written. `vera`: how that program is called here. Pure. */
export function usesOf(format: FormatId, out: string, base: string, vera: string): Use[] {
  const python = (code: string): string => `python -c ${quoted(code)}`;
  const text = (path: string): string => JSON.stringify(path);
  if (format === 'merge') {
    return [
      { label: 'Ask it something here', line: `${vera} generate --base ${quoted(out)} --prompt 'Hello'` },
      {
        label: 'Load it with transformers',
        line: python(`from transformers import AutoModelForCausalLM as M; model = M.from_pretrained(${text(out)})`),
      },
    ];
  }
  if (format === 'safetensors')
    return [
      {
        label: 'Read its tensors',
        line: python(
          `from safetensors.numpy import load_file; print(load_file(${text(`${out}/adapter.safetensors`)}).keys())`,
        ),
      },
    ];
  return [
    {
      label: 'Ask it something here',
      line: `${vera} generate --base ${quoted(base)} --adapter ${quoted(out)} --prompt 'Hello'`,
    },
    {
      label: 'Load it with PEFT',
      line: python(
        `from transformers import AutoModelForCausalLM as M; from peft import PeftModel; model = PeftModel.from_pretrained(M.from_pretrained(${text(base)}), ${text(out)})`,
      ),
    },
  ];
}
