import type { Schedule } from './scheduleSettings.ts';

/**
 * What the learning rate is multiplied with at a step, counted from 0. It rises linearly over the warm-up steps, then stays,
 * or falls to zero at `steps` along a line or half a cosine.
 */
export function rateFactor(schedule: Schedule, step: number, warmup: number, steps: number): number {
  if (step < warmup) return (step + 1) / warmup;
  if (schedule === 'constant') return 1;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return schedule === 'linear' ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress));
}
