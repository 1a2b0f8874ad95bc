import { TINY } from '../../daemon/protocol/abilityText.ts';
import type { DataColumn, Remedy } from '../../daemon/protocol/errors.ts';
import { lastPart, oneLine } from '../text.ts';
import { isDemo } from './baseLabel.ts';
import { costText, dataText, placeOf } from './cost.ts';
import { type Draft, NAME_STANDARD, startsOf } from './draft.ts';
import { labelsOf } from './fields.ts';
import type { Answer, Fault } from './planner.ts';
import { PRESET_TEXTS, type Start } from './presets.ts';

/** The action of a line in the pick. */
export type Choice =
  | { readonly does: 'start'; readonly preset: Start }
  | { readonly does: 'base' | 'task' | 'name' | 'skip' | 'token' }
  /** Gives a setting the value that helps. */
  | { readonly does: 'set'; readonly setting: string; readonly value: string }
  /** Asks which of these columns is the question and which the answer. */
  | { readonly does: 'columns'; readonly columns: readonly DataColumn[] }
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
      ...(isDemo(draft.base.spec) ? { detail: `This model is ${TINY}; for real use, choose a larger one.` } : {}),
      choice: { does: 'base' },
    },
    { label: `$(database) Task: ${taskOf(draft, answer)}`, choice: { does: 'task' } },
    { label: `$(tag) Name: ${oneLine(draft.name ?? NAME_STANDARD)}`, choice: { does: 'name' } },
    { label: '$(settings-gear) Advanced...', ...changesOf(draft), choice: { does: 'advanced' } },
  ];
  if (answer !== undefined && 'fault' in answer) return [...faultLines(answer, draft), ...options];
  const order = startsOf(draft);
  const warning = answer?.cost.warning ?? null;
  return [
    ...(warning === null ? [] : [{ label: `$(warning) ${oneLine(warning)}` }]),
    ...notesOf(answer).map((note) => ({ label: `$(info) ${oneLine(note)}` })),
    ...order.map((preset) => presetLine(preset, answerOf(preset))),
    ...options,
  ];
}

/** What a person should know about the rows before the run: what is left out, cut off or not used. */
const notesOf = (answer: Answer | undefined): readonly string[] =>
  answer !== undefined && 'cost' in answer ? (answer.cost.plan.data?.notes ?? []) : [];

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
function faultLines({ fault, settings = [], needsToken, remedy }: Fault, { described, base }: Draft): Line[] {
  if (needsToken)
    return [
      { label: 'Problems', separator: true },
      {
        label: `$(key) Give an access token for ${oneLine(base.spec)}...`,
        detail: 'The hub gives this model only to accounts that have accepted its terms.',
        choice: { does: 'token' },
      },
      { ...faultText(fault, 'Enter shows the whole text'), choice: { does: 'show', message: fault } },
    ];
  const place = placeOf(fault);
  const labels = labelsOf(described);
  const setting = settings.find((name) => labels.has(name));
  if (place === undefined && setting !== undefined)
    return [
      { label: 'Problems', separator: true },
      {
        ...faultText(fault, `Enter opens the setting ${labels.get(setting) ?? setting}`),
        choice: { does: 'advanced', setting },
      },
    ];
  const lines: Line[] = [
    {
      ...(place === undefined
        ? faultText(fault, 'Enter shows the whole text')
        : faultText(`Line ${place.line}: ${place.fault}`, `Enter shows it in ${lastPart(place.file)}`)),
      choice: { does: 'show', message: fault },
    },
  ];
  const helps = remedyLines(remedy, labels);
  if (helps.length > 0) return [{ label: 'Problems', separator: true }, ...helps, ...lines];
  if (place !== undefined && setting === 'encoding')
    lines.push({
      label: `$(settings-gear) ${labels.get(setting) ?? setting}...`,
      choice: { does: 'advanced', setting },
    });
  if (place !== undefined)
    lines.push({ label: '$(debug-step-over) Leave out rows that are wrong', choice: { does: 'skip' } });
  return [{ label: 'Problems', separator: true }, ...lines];
}

const LABEL = 70; // letters of a line that are seen at the usual width of a pick

/** The beginning of a problem, with files by their last part, and below it what does not fit and what Enter does. */
export function faultText(fault: string, enter: string): { label: string; detail: string } {
  const short = oneLine(fault).replace(
    /"?((?:\/|[A-Za-z]:\\)[^"':;,()\s]+(?:[\\/][^"':;,()\s]+)+)"?/g,
    (_, path: string) => lastPart(path),
  );
  if (short.length <= LABEL) return { label: `$(error) ${short}`, detail: enter };
  const at = short.lastIndexOf(' ', LABEL);
  const cut = at > 0 ? at : LABEL;
  return { label: `$(error) ${short.slice(0, cut)}`, detail: `${short.slice(cut).trim()} · ${enter}` };
}

/** What helps against a problem with the whole file; leaving out rows would not. The first of them is what Enter does. */
function remedyLines(remedy: Remedy | undefined, labels: ReadonlyMap<string, string>): Line[] {
  if (remedy?.do === 'set')
    return [
      {
        label: `$(wand) ${labels.get(remedy.setting) ?? remedy.setting}: ${remedy.label}`,
        choice: { does: 'set', setting: remedy.setting, value: remedy.value },
      },
      {
        label: `$(settings-gear) Another ${(labels.get(remedy.setting) ?? remedy.setting).toLowerCase()}...`,
        choice: { does: 'advanced', setting: remedy.setting },
      },
    ];
  if (remedy?.do !== 'mapColumns') return [];
  const ask: Line = {
    label: '$(symbol-field) Which column is the question?',
    detail: oneLine(remedy.columns.map(({ name }) => name).join(', ')),
    choice: { does: 'columns', columns: remedy.columns },
  };
  const { likely } = remedy;
  if (likely === undefined) return [ask];
  const label = `$(wand) Read the columns as ${likely.replaceAll(',', ', ').replaceAll('=', ' = ')}`;
  return [{ label: oneLine(label), choice: { does: 'set', setting: 'columns', value: likely } }, ask];
}

function taskOf({ changes }: Draft, answer: Answer | undefined): string {
  const format = typeof changes['format'] === 'string' ? changes['format'] : undefined;
  if (answer !== undefined && 'cost' in answer)
    return dataText(answer.cost) ?? format ?? 'detected once the model is downloaded';
  return format ?? (answer === undefined ? 'detecting...' : 'known when the problem is solved');
}

function changesOf({ changes, described }: Draft): { description?: string } {
  const labels = labelsOf(described);
  const set = Object.entries(changes).filter(([key, value]) => value !== undefined && labels.has(key));
  return set.length === 0 ? {} : { description: set.map(([key]) => labels.get(key)).join(', ') };
}
