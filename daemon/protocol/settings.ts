import { z } from 'zod';
import { method } from './method.ts';
import { finite, MAX_TEXT, nothing } from './values.ts';

/** The value of a setting. Which settings there are and what each takes is in `settings.describe` and docs/settings.md. */
export const settingValue = z.union([
  finite,
  z.boolean(),
  z.string().max(MAX_TEXT),
  z.array(z.string().max(MAX_TEXT), 'must be a number, a text, true or false, or a list of texts').max(32).readonly(),
]);
/** Values of settings by their names. */
export const settingValues = z.record(z.string().max(100), settingValue.optional());

const common = {
  /** As settings of a run and files write it: 'lrB'. */
  name: z.string(),
  /** For people: 'Learning rate of b'. */
  label: z.string(),
  help: z.string(),
  /** A resumed run may have another value. */
  resumable: z.boolean().optional(),
  /** Few people need it. */
  advanced: z.boolean().optional(),
  /** What happens where nothing is given and there is no fixed default. */
  standard: z.string().optional(),
};

/** One thing that a person may choose, with what it may be. */
export const setting = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('number'),
    whole: z.boolean().optional(),
    least: finite,
    most: finite,
    /** `least` itself is not allowed. */
    above: z.boolean().optional(),
    default: finite.optional(),
    unit: z.string().optional(),
  }),
  z.object({
    ...common,
    kind: z.literal('choice'),
    values: z.array(z.object({ value: z.string(), label: z.string() })),
    default: z.string().optional(),
  }),
  z.object({ ...common, kind: z.literal('text'), default: z.string().optional(), maxLength: finite.optional() }),
  z.object({ ...common, kind: z.literal('texts'), one: z.string(), most: finite, maxLength: finite.optional() }),
  z.object({ ...common, kind: z.literal('flag'), default: z.boolean() }),
]);
export type Setting = z.infer<typeof setting>;

/** Settings of one owner. */
export const settingGroup = z.object({ name: z.string(), label: z.string(), settings: z.array(setting) });
export type SettingGroup = z.infer<typeof settingGroup>;

const choice = z.object({ name: z.string(), label: z.string(), summary: z.string() });

export const description = z.object({
  /** Settings of every training run. */
  groups: z.array(settingGroup),
  /** Each method with the settings that it alone has. They belong into the group 'method'. */
  methods: z.array(
    z.object({ ...choice.shape, adapts: z.enum(['linear', 'all']), learningRate: finite, settings: z.array(setting) }),
  ),
  /** Settings of an evaluation on a dataset. */
  evaluate: z.array(setting),
  objectives: z.array(choice),
  rowFormats: z.array(choice),
  weightFormats: z.array(choice),
  exportFormats: z.array(z.object({ ...choice.shape, losses: z.string(), options: z.array(setting) })),
});
export type Description = z.infer<typeof description>;

export const describe = method(
  'settings.describe',
  'Describes every setting, method and format that this daemon knows: what a form is drawn from.',
  nothing,
  description,
  { repeatable: true },
);
