import { saveAdapter } from '../adapter.ts';
import type { ExportFormat } from './format.ts';

/** adapter_config.json and adapter_model.safetensors, and vera.json, which PEFT ignores. */
export const peft: ExportFormat = {
  name: 'peft',
  summary: 'a folder that Hugging Face PEFT loads',
  write: saveAdapter,
};
