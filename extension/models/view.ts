import * as vscode from 'vscode';
import type { z } from 'zod';
import { abilitiesText, limitsOf } from '../../daemon/protocol/abilityText.ts';
import type { OfferedModel } from '../../daemon/protocol/generation.ts';
import type { Job } from '../../daemon/protocol/jobs.ts';
import type { files as filesMethod } from '../../daemon/protocol/bases.ts';
import { bytesText } from '../../daemon/protocol/text.ts';
import type { baseModel } from '../../daemon/protocol/records.ts';
import { type App, hasBegun } from '../app.ts';
import { COMMANDS, ITEMS, VIEWS } from '../contributions.ts';
import { listAll, soonest } from '../listing.ts';
import { describeJob, fractionOf, iconOf } from '../runs/describe.ts';
import { oneLine, parametersText } from '../text.ts';
import { baseLabel } from '../tuning/baseLabel.ts';

export type ModelRow = z.infer<typeof baseModel>;
type Files = z.infer<typeof filesMethod.result>['items'][number];

export type ModelNode =
  | {
      readonly kind: 'model';
      readonly model: ModelRow;
      readonly offered?: OfferedModel | undefined;
      readonly files?: Files | undefined;
    }
  | { readonly kind: 'download'; readonly job: Job };

/**
 * The view of base models: those that were used, and downloads with their progress. A person can drop files and folders
 * here.
 */
export function registerModelsView(app: App): vscode.TreeView<ModelNode> {
  const { context, daemon } = app;
  const changed = new vscode.EventEmitter<undefined>();
  const downloads = new Map<number, Job>();
  const view = vscode.window.createTreeView<ModelNode>(VIEWS.models, {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getTreeItem: (node) =>
        node.kind === 'model' ? modelItem(node.model, node.offered, node.files) : downloadItem(node.job),
      async getChildren(node) {
        if (node !== undefined || !hasBegun(app)) return [];
        const models = await listAll((after) =>
          daemon.call(({ records }) => records.basesList, { limit: 500, ...after }),
        );
        // What each can do needs its tokenizer, which may be gone: the list stands without it.
        const offered = await daemon
          .call(({ generation }) => generation.models, { bases: 100, adapters: 0 })
          .catch(() => undefined);
        const { items: files } = await daemon
          .call(({ bases }) => bases.files, { bases: models.slice(0, 500).map(({ id }) => id) })
          .catch(() => ({ items: [] as Files[] }));
        const filesOf = new Map(files.map((one) => [one.base, one]));
        const can = new Map(offered?.bases.map((one) => [one.fingerprint, one]));
        const under = [...downloads.values()].sort((a, b) => b.id - a.id);
        return [
          ...under.map((job) => ({ kind: 'download' as const, job })),
          ...models.map((model) => ({
            kind: 'model' as const,
            model,
            offered: can.get(model.fingerprint),
            files: filesOf.get(model.id),
          })),
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
  return view;
}

function modelItem(
  { id, spec, fingerprint, architecture, parameters, usedAt }: ModelRow,
  offered: OfferedModel | undefined,
  files: Files | undefined,
): vscode.TreeItem {
  const abilities = offered?.abilities ?? null;
  const item = new vscode.TreeItem(oneLine(baseLabel(spec)));
  item.id = `model ${id}`;
  item.description = [
    architecture ?? '',
    parameters === null ? '' : parametersText(parameters),
    files === undefined ? '' : files.bytes === null ? 'not on this machine' : bytesText(files.bytes),
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
    ...(files?.kept ?? []).map(({ what, bytes }) => `Kept by VeRA Studio: ${what}, ${bytesText(bytes)}`),
    ...(offered?.problem == null ? [] : [offered.problem]),
    `Fingerprint ${fingerprint}`,
    `Last used ${new Date(usedAt).toLocaleString('en-GB')}`,
  ]
    .map(oneLine)
    .join('\n');
  return item;
}

function downloadItem(job: Job): vscode.TreeItem {
  const item = new vscode.TreeItem(oneLine(baseLabel(String(job.spec['base']))));
  const [icon, colour] = iconOf(job.state);
  item.id = `download ${job.id} ${fractionOf(job) ?? ''}`;
  item.description = describeJob(job);
  item.tooltip = [job.title, ...(job.error === null ? [describeJob(job)] : [job.error.message])]
    .map(oneLine)
    .join('\n');
  if (job.state === 'failed') {
    item.contextValue = ITEMS.failedDownload;
    const node: ModelNode = { kind: 'download', job };
    item.command = { command: COMMANDS.showDownload, title: 'Show What Went Wrong', arguments: [node] };
  }
  item.iconPath = new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour));
  return item;
}
