import { headWeight, linearSites } from './llama.ts';
import type { LlamaConfig } from './config.ts';

/** Every tensor that a model of this config has, by Hugging Face's names: its size is known before its weights are there. */
export function tensorShapes(config: LlamaConfig): Map<string, number[]> {
  const { vocabulary, hidden, layers } = config;
  const shapes = new Map<string, number[]>([['model.embed_tokens.weight', [vocabulary, hidden]]]);
  for (const { path, dIn, dOut, bias } of linearSites(config)) {
    shapes.set(`${path}.weight`, [dOut, dIn]);
    if (bias) shapes.set(`${path}.bias`, [dOut]);
  }
  for (let layer = 0; layer < layers; layer++) {
    shapes.set(`model.layers.${layer}.input_layernorm.weight`, [hidden]);
    shapes.set(`model.layers.${layer}.post_attention_layernorm.weight`, [hidden]);
  }
  shapes.set('model.norm.weight', [hidden]);
  return shapes.set(headWeight(config), [vocabulary, hidden]);
}
