import { adapterMethod } from '../../methods/registry.ts';
import { type Adapter, saveAdapter } from '../adapter.ts';
import { type FlagSetting, type SettingValues } from '../../settings/setting.ts';
import type { ExportFormat, ExportSizes } from './format.ts';

/** Whether what can be made again from a seed is written too. */
export const projection: FlagSetting = {
  kind: 'flag',
  name: 'projection',
  label: 'Store the frozen matrices',
  help: "Writes VeRA's A and B too. Without them a VeRA adapter is much smaller, and the program that loads it makes them again from its seed.",
  default: true,
};

export const storesProjection = (options: SettingValues): boolean => options[projection.name] !== false;

const SETTINGS_BYTES = 1500; // of adapter_config.json and vera.json

/** Bytes of an adapter and its settings. */
export const adapterBytes = ({ bytes, fullBytes }: ExportSizes, options: SettingValues): number =>
  (storesProjection(options) ? fullBytes : bytes) + SETTINGS_BYTES;

/** What PEFT does otherwise with this adapter. */
export const differenceOf = ({ method, options }: Pick<Adapter, 'method' | 'options'>): string | undefined =>
  adapterMethod(method).peft.differs?.(options);

/** adapter_config.json and adapter_model.safetensors, and vera.json, which PEFT ignores. */
export const peft: ExportFormat = {
  name: 'peft',
  label: 'Adapter for Hugging Face PEFT',
  summary: 'a folder that Hugging Face PEFT loads',
  losses: 'Loses nothing.',
  options: [projection],
  job: 'export',
  bytes: adapterBytes,
  async write(dir, { adapter }, options) {
    await saveAdapter(dir, adapter, { projection: storesProjection(options) });
    return { warning: differenceOf(adapter), details: {} };
  },
  uses: (out, base, loadable = base) => [
    {
      label: 'Ask it something here',
      program: 'vera',
      args: ['generate', '--base', base, '--adapter', out, '--prompt', 'Hello'],
    },
    {
      label: 'Load it with PEFT',
      program: 'python',
      args: [
        '-c',
        `from transformers import AutoModelForCausalLM as M; from peft import PeftModel; model = PeftModel.from_pretrained(M.from_pretrained(${JSON.stringify(loadable)}), ${JSON.stringify(out)})`,
      ],
    },
  ],
};
