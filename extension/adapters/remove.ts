import * as vscode from 'vscode';
import { type App, chosen } from '../app.ts';
import { offerUndo } from '../runs/remove.ts';
import { oneLine, plural } from '../text.ts';
import type { ShownAdapter } from './describe.ts';

const MOST_LINES = 12; // of a dialog

/** Moves adapters to the trash, after naming what depends on them and one question. */
export async function deleteAdapters({ daemon, log }: App, adapters: readonly ShownAdapter[]): Promise<void> {
  const needed = await Promise.all(
    adapters.map(({ id }) => daemon.call(({ adapters: methods }) => methods.dependents, { adapter: id })),
  );
  const many = adapters.length > 1;
  const lines = needed.flatMap(({ dependents }, i) =>
    dependents.map(({ what }) => `• ${many ? `${adapters[i]!.name}: ` : ''}${oneLine(what)}`),
  );
  const more = lines.length - MOST_LINES;
  const detail = [
    ...(lines.length === 0
      ? []
      : [
          many ? 'Some are needed by:' : 'It is needed by:',
          ...lines.slice(0, MOST_LINES),
          ...(more > 0 ? [`and ${more} more`] : []),
          '',
        ]),
    `You can restore ${many ? 'them' : 'it'} for thirty days.`,
  ].join('\n');
  const question = many ? `Delete ${adapters.length} adapters?` : `Delete adapter '${adapters[0]!.name}'?`;
  const yes = 'Move to Trash';
  chosen(await vscode.window.showWarningMessage(question, { modal: true, detail }, yes));
  for (const { id } of adapters)
    await daemon.call(({ adapters: methods }) => methods.remove, { adapter: id, confirm: true });
  offerUndo(`${plural(adapters.length, 'adapter is', 'adapters are')} in the trash.`, async () => {
    for (const { id } of adapters) await daemon.call(({ adapters: methods }) => methods.restore, { adapter: id });
  }).catch((error: unknown) => log.error(String(error)));
}
