import { MAX_RATE } from '../methods/options.ts';
import { byMethod } from '../methods/settings.ts';
import { settings, type ValuesOf } from '../settings/setting.ts';
import { ADAM_DEFAULTS } from './optimizer.ts';

/** How a step changes the trained values. */
export const OPTIMIZER_GROUP = {
  name: 'optimizer',
  label: 'Optimizer',
  settings: settings(
    {
      name: 'lr',
      label: 'Learning rate',
      help: 'Highest learning rate of the run.',
      kind: 'number',
      least: 0,
      most: MAX_RATE,
      above: true,
      standard: byMethod(({ learningRate }) => learningRate),
      resumable: true,
    },
    {
      name: 'weightDecay',
      label: 'Weight decay',
      help: 'Weight decay of AdamW.',
      kind: 'number',
      least: 0,
      most: 1e6,
      default: 0,
      resumable: true,
      advanced: true,
    },
    {
      name: 'clip',
      label: 'Gradient clipping',
      help: "Largest norm of a step's gradient; 0 means no limit.",
      kind: 'number',
      least: 0,
      most: 1e30,
      default: 1,
      resumable: true,
      advanced: true,
    },
    {
      name: 'beta1',
      label: 'Beta 1',
      help: 'How slowly the mean of the gradient changes in AdamW.',
      kind: 'number',
      least: 0,
      most: 0.999999,
      default: ADAM_DEFAULTS.beta1,
      advanced: true,
    },
    {
      name: 'beta2',
      label: 'Beta 2',
      help: 'How slowly the mean of the squared gradient changes in AdamW.',
      kind: 'number',
      least: 0,
      most: 0.99999999,
      default: ADAM_DEFAULTS.beta2,
      advanced: true,
    },
    {
      name: 'epsilon',
      label: 'Epsilon',
      help: 'Small number that AdamW adds before it divides.',
      kind: 'number',
      least: 0,
      most: 1,
      above: true,
      default: ADAM_DEFAULTS.epsilon,
      advanced: true,
    },
  ),
} as const;

/** Adds the default learning rate of the method if none was given. */
export type OptimizerSettings = ValuesOf<typeof OPTIMIZER_GROUP.settings> & { readonly lr: number };
