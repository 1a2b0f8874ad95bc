import { lastPart, oneLine } from '../text.ts';
import { costText, dataText, placeOf } from './cost.ts';
import { type Draft, startsOf } from './draft.ts';
import { labelsOf } from './fields.ts';
import type { Answer, Fault } from './planner.ts';
import { PRESET_TEXTS, type Start } from './presets.ts';

/** The action of a line in the pick. */
export type Choice =
  | { readonly does: 'start'; readonly preset: Start }
  | { readonly does: 'base' | 'task' | 'skip' }
  /** Opens the form, at a setting where one is named. */
  | { readonly does: 'advanced'; readonly setting?: string }
  /** Opens the data at the place that the message names. */
  | { readonly does: 'show'; readonly message: string };

export interface Line {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly separator?: true;
  readonly choice?: Choice;
}

/**
 * The lines of the pick: problems, the presets with their plans (the proposed one first), and settings to change. A problem in
 * the data is shown in place of the presets. Pure.
 */
export function itemsOf(draft: Draft, answerOf: (preset: Start) => Answer | undefined): Line[] {
  const answer = answerOf(draft.preset);
  const options: Line[] = [
    { label: 'Options', separator: true },
    {
      label: `$(symbol-misc) Base model: ${draft.base.label}`,
      description: draft.base.description,
      choice: { does: 'base' },
    },
    { label: `$(database) Task: ${taskOf(draft, answer)}`, choice: { does: 'task' } },
    { label: '$(settings-gear) Advanced...', ...changesOf(draft), choice: { does: 'advanced' } },
  ];
  if (answer !== undefined && 'fault' in answer) return [...faultLines(answer, draft), ...options];
  const order = startsOf(draft);
  const warning = answer?.cost.warning ?? null;
  return [
    ...(warning === null ? [] : [{ label: `$(warning) ${oneLine(warning)}` }]),
    ...order.map((preset) => presetLine(preset, answerOf(preset))),
    ...options,
  ];
}

function presetLine(preset: Start, answer: Answer | undefined): Line {
  const { label, icon, summary } = PRESET_TEXTS[preset];
  const description =
    answer === undefined ? summary : 'fault' in answer ? oneLine(answer.fault) : costText(answer.cost);
  const detail = answer === undefined ? 'Estimating...' : summary[0]!.toUpperCase() + summary.slice(1);
  return {
    label: `$(${icon}) ${label}`,
    description: answer === undefined ? '' : description,
    detail: answer === undefined ? `${detail} ${summary}` : detail,
    choice: { does: 'start', preset },
  };
}

/** A problem in the data opens the data at its line; one of a setting opens the form at that setting. */
function faultLines({ fault, settings = [] }: Fault, { described }: Draft): Line[] {
  const place = placeOf(fault);
  const labels = labelsOf(described);
  const setting = settings.find((name) => labels.has(name));
  if (place === undefined && setting !== undefined)
    return [
      { label: 'Problems', separator: true },
      {
        label: `$(error) ${oneLine(fault)}`,
        detail: `Enter opens the setting ${labels.get(setting) ?? setting}`,
        choice: { does: 'advanced', setting },
      },
    ];
  const lines: Line[] = [
    {
      label: `$(error) ${oneLine(place === undefined ? fault : `Line ${place.line}: ${place.fault}`)}`,
      ...(place === undefined ? {} : { detail: `Enter shows it in ${lastPart(place.file)}` }),
      choice: { does: 'show', message: fault },
    },
  ];
  if (place !== undefined)
    lines.push({ label: '$(debug-step-over) Leave out rows that are wrong', choice: { does: 'skip' } });
  return [{ label: 'Problems', separator: true }, ...lines];
}

function taskOf({ changes }: Draft, answer: Answer | undefined): string {
  const format = typeof changes['format'] === 'string' ? changes['format'] : undefined;
  if (answer !== undefined && 'cost' in answer)
    return dataText(answer.cost) ?? format ?? 'detected once the model is downloaded';
  return format ?? (answer === undefined ? 'detecting...' : 'not detected');
}

function changesOf({ changes, described }: Draft): { description?: string } {
  const labels = labelsOf(described);
  const set = Object.entries(changes).filter(([key, value]) => value !== undefined && labels.has(key));
  return set.length === 0 ? {} : { description: set.map(([key]) => labels.get(key)).join(', ') };
}
