import * as vscode from 'vscode';
import { faultOfName } from '../name.ts';
import { oneLine } from '../text.ts';
import { type Draft, type Labels, NAME_STANDARD } from './draft.ts';

/** What a person may say about a run in addition to its settings, with how the form shows it. */
export const LABELS = [
  {
    key: 'name',
    label: 'Name',
    help: 'Name of the run and of the adapter that it makes.',
    text: ({ name }: Draft) => name ?? NAME_STANDARD,
  },
  {
    key: 'note',
    label: 'Note',
    help: 'What the adapter is for. You can search for it later.',
    text: ({ note }: Draft) => (note === undefined ? 'none' : oneLine(note)),
  },
  {
    key: 'activate',
    label: 'Activate when done',
    help: 'Make the adapter the active one of its project when the run is done.',
    text: ({ activate }: Draft) => (activate ? 'yes' : 'no'),
  },
] as const;
export type Label = (typeof LABELS)[number];

/** Asks for one of them. Returns those of the draft with the answer, unchanged if the person went back. */
export async function askLabel({ key, label, help }: Label, draft: Draft): Promise<Labels> {
  const { name, note, activate } = draft;
  const now: Labels = { name, note, activate };
  if (key === 'activate') {
    const items = ['yes', 'no'].map((text) => ({ label: text }));
    const picked = await vscode.window.showQuickPick(items, { title: label, placeHolder: help });
    return picked === undefined ? now : { ...now, activate: picked.label === 'yes' };
  }
  const typed = await vscode.window.showInputBox({
    title: label,
    prompt: help,
    placeHolder: key === 'name' ? `empty: ${NAME_STANDARD}` : 'empty: none',
    value: now[key] ?? '',
    validateInput: (text) => (text.trim() === '' ? undefined : faultOf(key, text)),
  });
  if (typed === undefined) return now;
  const text = typed.trim();
  return { ...now, [key]: text === '' ? undefined : text };
}

const MOST_NOTE = 10_000; // characters that the daemon takes

function faultOf(key: 'name' | 'note', text: string): string | undefined {
  if (key === 'name') return faultOfName(text);
  return text.length > MOST_NOTE ? `The note must have at most ${MOST_NOTE} characters.` : undefined;
}
