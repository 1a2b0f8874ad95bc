import * as vscode from 'vscode';
import type { z } from 'zod';
import { abilitiesText, limitsOf } from '../../daemon/protocol/abilityText.ts';
import type { OfferedModel } from '../../daemon/protocol/generation.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import type { baseModel } from '../../daemon/protocol/records.ts';
import { type App, hasBegun } from '../app.ts';
import { ITEMS, VIEWS } from '../contributions.ts';
import { listAll, soonest } from '../listing.ts';
import { describeJob, fractionOf, iconOf } from '../runs/describe.ts';
import { lastPart, oneLine, parametersText } from '../text.ts';

export type ModelRow = z.infer<typeof baseModel>;
export type ModelNode =
  | { readonly kind: 'model'; readonly model: ModelRow; readonly offered?: OfferedModel | undefined }
  | { readonly kind: 'download'; readonly job: Job };

/**
 * The view of base models: those that were used, and downloads with their progress. A person can drop files and folders
 * here.
 */
export function registerModelsView(app: App): void {
  const { context, daemon } = app;
  const changed = new vscode.EventEmitter<undefined>();
  const downloads = new Map<number, Job>();
  const view = vscode.window.createTreeView<ModelNode>(VIEWS.models, {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getTreeItem: (node) => (node.kind === 'model' ? modelItem(node.model, node.offered) : downloadItem(node.job)),
      async getChildren(node) {
        if (node !== undefined || !hasBegun(app)) return [];
        const models = await listAll((after) =>
          daemon.call(({ records }) => records.basesList, { limit: 500, ...after }),
        );
        // What each can do needs its tokenizer, which may be gone: the list stands without it.
        const offered = await daemon
          .call(({ generation }) => generation.models, { bases: 100, adapters: 0 })
          .catch(() => undefined);
        const can = new Map(offered?.bases.map((one) => [one.fingerprint, one]));
        const under = [...downloads.values()].sort((a, b) => b.id - a.id);
        return [
          ...under.map((job) => ({ kind: 'download' as const, job })),
          ...models.map((model) => ({ kind: 'model' as const, model, offered: can.get(model.fingerprint) })),
        ];
      },
    },
    dragAndDropController: {
      dragMimeTypes: [],
      dropMimeTypes: ['text/uri-list'],
      handleDrop: async (_target, transfer) => {
        const text = (await transfer.get('text/uri-list')?.asString()) ?? '';
        for (const line of text.split(/\r?\n/).filter((one) => one.startsWith('file:'))) {
          await daemon.call(({ jobs }) => jobs.submit, {
            spec: { kind: 'download', base: vscode.Uri.parse(line).fsPath },
          });
        }
      },
    },
  });
  const redraw = soonest(() => changed.fire(undefined), 250);
  context.subscriptions.push(
    ...[view, changed],
    daemon.onJob((job) => {
      if (job.kind !== 'download') return;
      if (job.state === 'succeeded' || job.state === 'cancelled') downloads.delete(job.id);
      else downloads.set(job.id, job);
      redraw();
    }),
    daemon.onCatalog(({ kind }) => (kind === 'base' || kind === 'run' ? redraw() : undefined)),
    daemon.onRefresh(() => {
      downloads.clear();
      redraw();
      void daemon
        .call(({ jobs }) => jobs.list, {
          kinds: ['download'],
          states: ['queued', 'running', 'paused', 'failed'],
          limit: 20,
        })
        .then(({ items }) => {
          for (const job of items) downloads.set(job.id, job);
          redraw();
        })
        .catch(() => undefined);
    }),
  );
}

function modelItem(
  { id, spec, fingerprint, architecture, parameters, usedAt }: ModelRow,
  offered: OfferedModel | undefined,
): vscode.TreeItem {
  const abilities = offered?.abilities ?? null;
  const item = new vscode.TreeItem(oneLine(lastPart(spec)));
  item.id = `model ${id}`;
  item.description = [
    architecture ?? '',
    parameters === null ? '' : parametersText(parameters),
    abilities === null ? '' : abilitiesText(abilities),
  ]
    .filter((part) => part !== '')
    .join(' · ');
  item.iconPath = new vscode.ThemeIcon('symbol-misc');
  item.contextValue = ITEMS.model;
  const limits = abilities === null ? [] : [...limitsOf(abilities, 'completion'), ...limitsOf(abilities, 'chat')];
  item.tooltip = [
    spec,
    ...new Set(limits),
    ...(offered?.problem == null ? [] : [offered.problem]),
    `Fingerprint ${fingerprint}`,
    `Last used ${new Date(usedAt).toLocaleString('en-GB')}`,
  ]
    .map(oneLine)
    .join('\n');
  return item;
}

function downloadItem(job: Job): vscode.TreeItem {
  const item = new vscode.TreeItem(job.kind === 'download' ? oneLine(lastPart(String(job.spec['base']))) : job.title);
  const [icon, colour] = iconOf(job.state);
  item.id = `download ${job.id} ${fractionOf(job) ?? ''}`;
  item.description = describeJob(job);
  item.iconPath = new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour));
  return item;
}
