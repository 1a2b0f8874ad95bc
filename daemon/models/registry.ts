import { VeraError } from '../protocol/errors.ts';
import type { LinearSite } from './adaptation.ts';
import { llama } from './families/llama.ts';
import { qwen3 } from './families/qwen3.ts';
import type { ModelConfig, ModelFamily } from './model.ts';

/** Every model family. To add one, write a file in `families/` and add a line here. */
export const FAMILIES: readonly ModelFamily[] = [llama, qwen3];

/** Architectures of config.json that this program knows. */
export const ARCHITECTURES: readonly string[] = FAMILIES.flatMap(({ architectures }) => architectures);

/** The family that answers to an architecture. Throws VeraError 'model', naming `file`, if there is none. */
export function familyNamed(architecture: string, file: string): ModelFamily {
  const found = FAMILIES.find(({ architectures }) => architectures.includes(architecture));
  if (found) return found;
  throw new VeraError(
    'model',
    `${file}: architecture ${architecture} is not supported; supported are ${ARCHITECTURES.join(', ')}`,
  );
}

/** The architecture that a `model_type` of config.json stands for; undefined if no family knows it. */
export function architectureOfType(type: string): string | undefined {
  for (const { modelTypes = {} } of FAMILIES) if (Object.hasOwn(modelTypes, type)) return modelTypes[type];
  return undefined;
}

/** The family of a model. */
export const familyOf = ({ architecture }: ModelConfig): ModelFamily => familyNamed(architecture, 'config');

/** Every linear layer of a model that can be adapted, in the order in which they run; the head is not among them. */
export const linearSites = (config: ModelConfig): LinearSite[] => familyOf(config).sites(config);
