import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { Description } from '../../daemon/protocol/settings.ts';
import { type App, type Panel, workspaceFolder } from '../app.ts';
import { Quiet } from '../quiet.ts';
import { lastPart } from '../text.ts';
import { chooseSettings } from './advanced.ts';
import { pickBase } from './basePick.ts';
import { type Base, rememberBase } from './bases.ts';
import { pickColumns } from './columns.ts';
import { type Cost, costText, placeOf } from './cost.ts';
import { type Draft, labelFields, startsOf } from './draft.ts';
import { askToken, tokenFor } from './hubToken.ts';
import { type Choice, itemsOf } from './items.ts';
import { askLabel, LABELS } from './labels.ts';
import { type Answer, createPlanner, type Planner } from './planner.ts';
import { showWhole } from './problem.ts';

/** A run that was planned without a fault. */
type Planned = Extract<Answer, { readonly spec: unknown }>;

/** Shows the plans of a run and problems in its data in one pick. Enter starts the run. */
export async function fineTuneWith(app: App, panel: Panel, first: Draft): Promise<void> {
  const planner = createPlanner(app, (base) => tokenFor(app, base));
  let draft = first;
  for (;;) {
    const choice = await pick(draft, planner);
    switch (choice.does) {
      case 'start': {
        draft = { ...draft, preset: choice.preset };
        const answer = planner.answer(draft) ?? (await planned(draft, planner));
        // Problems in the data are shown before anything starts, even if the person was faster than the plan.
        if ('fault' in answer) continue;
        planner.cancel(); // the other presets
        return start(app, panel, draft, answer);
      }
      case 'base':
        draft = { ...draft, base: await chooseBase(app, draft, planner) };
        break;
      case 'token':
        if (await askToken(app, draft.base.spec))
          for (const preset of startsOf(draft)) planner.forget({ ...draft, preset });
        break;
      case 'task':
        draft = { ...draft, changes: { ...draft.changes, format: await pickTask(draft.described) } };
        break;
      case 'name':
        draft = { ...draft, ...(await askLabel(LABELS[0], draft)) };
        break;
      case 'advanced':
        draft = { ...draft, ...(await chooseSettings(draft, choice.setting)) };
        break;
      case 'skip':
        draft = { ...draft, changes: { ...draft.changes, onBadRow: 'skip' } };
        break;
      case 'set':
        draft = { ...draft, changes: { ...draft.changes, [choice.setting]: choice.value } };
        break;
      case 'columns':
        draft = { ...draft, changes: { ...draft.changes, columns: await pickColumns(choice.columns) } };
        break;
      case 'show':
        if (placeOf(choice.message) !== undefined) return showPlace(choice.message);
        if ((await showWhole('The run cannot start yet.', choice.message, OTHER_BASE)) === OTHER_BASE)
          draft = { ...draft, base: await chooseBase(app, draft, planner) };
        break;
    }
  }
}

const OTHER_BASE = 'Choose a Base Model...';

/** Lets the person choose a base, with what the run would cost with each recommended one. The one of the draft where they go back. */
async function chooseBase(app: App, draft: Draft, planner: Planner): Promise<Base> {
  const now = planner.answer(draft);
  // The data cannot be read before a model is here; with the tokenizer of another base it makes about as many steps.
  const steps = now !== undefined && 'cost' in now ? (now.cost.plan.data?.steps ?? now.cost.steps) : undefined;
  const base = await pickBase(app, {
    title: 'Base Model',
    back: true,
    costs: (ids, tell) => {
      const drafts = ids
        .slice(0, MOST_PLANS)
        .map((id) => ({ ...draft, base: { spec: id, label: id, description: '' } }));
      return planner.plan(drafts, () => {
        for (const one of drafts) {
          const answer = planner.answer(one);
          if (answer !== undefined) tell(one.base.spec, 'cost' in answer ? priceOf(answer.cost, steps) : answer.fault);
        }
      });
    },
  });
  planner.cancel();
  return base ?? draft.base;
}

const MOST_PLANS = 16; // of one request

const priceOf = (cost: Cost, steps: number | undefined): string =>
  [costText({ ...cost, steps: cost.steps ?? steps }), ...(cost.warning === null ? [] : [cost.warning])].join(' · ');

/** Waits for the plan of a draft, which the person can cancel. */
async function planned(draft: Draft, planner: Planner): Promise<Answer> {
  const title = 'VeRA: reading the data';
  const [answer] = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (_, token) => {
      token.onCancellationRequested(() => planner.cancel());
      return planner.plan([draft]);
    },
  );
  return answer!;
}

function pick(draft: Draft, planner: Planner): Promise<Choice> {
  return new Promise((resolve, reject) => {
    const list = vscode.window.createQuickPick<vscode.QuickPickItem & { choice?: Choice }>();
    list.title = `Fine-tune with VeRA: ${lastPart(draft.data)}`;
    list.ignoreFocusOut = false;
    list.matchOnDescription = list.matchOnDetail = true;
    let [open, starts, accepted] = [true, false, false];
    const show = (): void => {
      const before = list.activeItems[0]?.choice;
      const items = itemsOf(draft, (preset) => planner.answer({ ...draft, preset }));
      const faulty = items.some(({ label }) => label.startsWith('$(error)'));
      list.placeholder = faulty
        ? 'Enter on the problem shows all of it'
        : 'Press Enter to start, or type to find a line';
      list.items = items.map((item) => ({
        ...item,
        ...(item.separator === true ? { kind: vscode.QuickPickItemKind.Separator } : {}),
      }));
      const same = list.items.find(
        ({ choice }) => before !== undefined && JSON.stringify(choice) === JSON.stringify(before),
      );
      const wanted = same ?? list.items.find(({ choice }) => choice !== undefined);
      if (wanted !== undefined) list.activeItems = [wanted];
    };
    const planAll = async (): Promise<void> => {
      list.busy = true;
      const drafts = startsOf(draft).map((preset) => ({ ...draft, preset }));
      await planner.plan(drafts, () => (open ? show() : undefined));
      if (!open) return;
      list.busy = false;
      show();
    };
    list.onDidAccept(() => {
      const { choice } = list.activeItems[0] ?? {};
      if (choice === undefined) return;
      // What is started is planned to its end; anything else needs other plans, or none.
      starts = choice.does === 'start';
      // Here, because VS Code tells later that the list is hidden: the choice of a base has begun to plan by then.
      if (!starts) planner.cancel();
      accepted = true;
      resolve(choice);
      list.hide();
    });
    list.onDidHide(() => {
      open = false;
      if (!accepted) planner.cancel();
      reject(new Quiet());
      list.dispose();
    });
    show();
    list.show();
    planAll().catch(() => undefined); // it was ended
  });
}

/** Submits the run and opens the panel on it. With the key, a submission that is repeated after a broken connection makes no second job. */
async function start(app: App, panel: Panel, draft: Draft, { spec, cost }: Planned): Promise<void> {
  const workspace = workspaceFolder(vscode.Uri.file(draft.data));
  const job = await app.daemon.call(({ jobs }) => jobs.submit, {
    // The plan may be older than the name.
    spec: { kind: spec.kind, settings: spec.settings, ...labelFields(draft) },
    ...(await tokenFor(app, draft.base.spec)),
    key: randomUUID(),
    ...(workspace === undefined ? {} : { workspace }),
  });
  const { savings } = cost.plan;
  if (savings !== undefined) app.savings.set(job.id, savings);
  await rememberBase(app, draft.base);
  await panel.show(`job/${job.id}`);
}

async function pickTask({ rowFormats }: Description): Promise<string | undefined> {
  const items = [
    { label: '$(wand) As the first rows show', value: undefined as string | undefined },
    ...rowFormats.map(({ name, label, summary }) => ({ label, description: name, detail: summary, value: name })),
  ];
  const picked = await vscode.window.showQuickPick(items, { title: 'Task', placeHolder: 'How is a row read?' });
  if (picked === undefined) throw new Quiet();
  return picked.value;
}

/** Opens the dataset at the line of the problem. */
async function showPlace(message: string): Promise<void> {
  const place = placeOf(message);
  if (place === undefined) return;
  const at = new vscode.Position(Math.max(0, place.line - 1), 0);
  await vscode.window.showTextDocument(vscode.Uri.file(place.file), { selection: new vscode.Range(at, at) });
}
