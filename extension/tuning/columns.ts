import * as vscode from 'vscode';
import type { DataColumn } from '../../daemon/protocol/errors.ts';
import { chosen } from '../app.ts';

/** Asks which columns of the data are the question and the answer. Returns the value of the setting. */
export async function pickColumns(columns: readonly DataColumn[]): Promise<string> {
  const question = await pick(
    columns,
    'Which column is the question?',
    'There is no question: learn one column as text',
  );
  if (question === undefined) return `text=${quoted((await pick(columns, 'Which column is the text?'))!)}`;
  const rest = columns.filter(({ name }) => name !== question);
  const answer = await pick(rest, 'Which column is the answer?');
  return `prompt=${quoted(question)},completion=${quoted(answer!)}`;
}

/** The name of the column that was chosen; undefined for `none`. */
async function pick(columns: readonly DataColumn[], title: string, none?: string): Promise<string | undefined> {
  const items = columns.map(({ name, example }) => ({
    label: name,
    detail: example === '' ? '(empty)' : example,
    name,
  }));
  const other = none === undefined ? [] : [{ label: `$(circle-slash) ${none}`, name: undefined }];
  const placeHolder = 'Each column is shown with what is in its first row';
  return chosen(
    await vscode.window.showQuickPick<(typeof items)[number] | (typeof other)[number]>([...items, ...other], {
      title,
      placeHolder,
    }),
  ).name;
}

/** A name as the setting takes it. */
const quoted = (name: string): string => (/[,="]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
