import type { LlamaConfig } from './config.ts';

export interface RotaryTables {
  /** [length, headDim / 2] each. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
  readonly minusSin: Float32Array;
}

/** Inverse frequencies of a Llama-type model [headDim / 2], scaled as its config says (rope types default, linear, llama3). */
export function inverseFrequencies(config: LlamaConfig): Float32Array {
  const { headDim, ropeTheta, ropeScaling } = config;
  const plain = Float32Array.from(
    { length: headDim / 2 },
    (_, i) => 1 / Math.fround(ropeTheta ** Math.fround((2 * i) / headDim)),
  );
  if (ropeScaling.type === 'default') return plain;
  if (ropeScaling.type === 'linear') return plain.map((f) => f / ropeScaling.factor);
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalLength } = ropeScaling;
  return plain.map((f) => {
    const wavelength = (2 * Math.PI) / f;
    if (wavelength < originalLength / high) return f;
    if (wavelength > originalLength / low) return f / factor;
    const smooth = (originalLength / wavelength - low) / (high - low);
    return ((1 - smooth) * f) / factor + smooth * f;
  });
}

/** Cosines and sines of the angles for positions 0 to length - 1. */
export function rotaryTables(config: LlamaConfig, length: number): RotaryTables {
  const inverse = inverseFrequencies(config);
  const half = inverse.length;
  const cos = new Float32Array(length * half);
  const sin = new Float32Array(length * half);
  for (let p = 0; p < length; p++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(p * (inverse[i] as number));
      cos[p * half + i] = Math.cos(angle);
      sin[p * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin, minusSin: sin.map((s) => -s) };
}
