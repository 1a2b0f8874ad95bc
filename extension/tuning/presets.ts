import type { TrainSettings } from './training.ts';

export const PRESETS = ['quick', 'balanced', 'thorough'] as const;
export type Preset = (typeof PRESETS)[number];
/** Where a run begins: a preset, or the settings of an earlier run. */
export type Start = Preset | 'same';

export interface PresetTexts {
  readonly label: string;
  readonly icon: string;
  /** A few words for people. */
  readonly summary: string;
}

export const PRESET_TEXTS: Readonly<Record<Start, PresetTexts>> = {
  same: { label: 'Same settings', icon: 'history', summary: 'everything as in the earlier run' },
  quick: { label: 'Quick', icon: 'zap', summary: '50 steps of short rows: a first impression' },
  balanced: { label: 'Balanced', icon: 'mortar-board', summary: 'one pass over the data, at least 100 steps' },
  thorough: {
    label: 'Thorough',
    icon: 'telescope',
    summary: 'three passes, at least 300 steps, all linear layers, stops when it no longer helps',
  },
};

/** Least steps of a preset. With few rows, one pass is over before the model learns anything. */
export const LEAST_STEPS: Readonly<Record<Start, number>> = { same: 0, quick: 0, balanced: 100, thorough: 300 };

/**
 * The settings of a preset. The trainer's defaults apply to the others. All presets use VeRA, where a high rank costs almost
 * nothing.
 */
export function presetSettings(preset: Preset): Partial<TrainSettings> {
  switch (preset) {
    case 'quick':
      return {
        method: 'vera',
        rank: 64,
        length: 256,
        steps: 50,
        evalEvery: 10,
        evalBatches: 8,
        checkpointEvery: 10,
        sampleTokens: 32,
      };
    case 'balanced':
      return { method: 'vera', rank: 256, epochs: 1, checkpointEvery: 25, sampleTokens: 48 };
    case 'thorough':
      return {
        method: 'vera',
        rank: 256,
        targets: 'all-linear',
        epochs: 3,
        patience: 3,
        checkpointEvery: 25,
        sampleTokens: 48,
      };
  }
}

export const isPreset = (name: string): name is Preset => (PRESETS as readonly string[]).includes(name);
