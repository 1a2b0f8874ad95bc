import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TINY } from '../../daemon/protocol/abilityText.ts';
import type { App } from '../app.ts';
import { setting } from '../settings.ts';
import { parametersText } from '../text.ts';
import { baseLabel, DEMO_FOLDER, DEMO_NAME } from './baseLabel.ts';
import type { TrainSettings } from './training.ts';

/**
 * Settings for a model this small: adapt all its layers, with learning rates far above those of a large model (as `vera
 * demo` does).
 */
const DEMO_SUITS = { rank: 64, targets: 'all-linear', lrB: 0.1, lrD: 0.05 } as const;
/** Folder of the bundled model. It is copied out of the extension, whose folder disappears with the next update. */
function demoModel({ context }: App): string {
  const folder = join(context.globalStorageUri.fsPath, 'models', DEMO_FOLDER);
  if (existsSync(join(folder, 'config.json'))) return folder;
  const temporary = `${folder}.new`;
  rmSync(temporary, { recursive: true, force: true });
  cpSync(join(context.extensionPath, 'dist', 'demo'), temporary, { recursive: true });
  renameSync(temporary, folder);
  return folder;
}

export interface Base {
  readonly spec: string;
  readonly label: string;
  readonly description: string;
  /** Settings that suit this base better than those of a preset. */
  readonly suits?: Partial<TrainSettings>;
  /** The hub asks for an access token. */
  readonly gated?: boolean;
}

/** The bundled model as a base. */
export const demoBase = (app: App): Base => ({
  ...{ spec: demoModel(app), label: DEMO_NAME, description: `comes with VeRA Studio, ${TINY}`, suits: DEMO_SUITS },
});

const LAST_BASE = 'lastBase';
export const rememberBase = ({ context }: App, { spec }: Base): Thenable<void> =>
  context.globalState.update(LAST_BASE, spec);

/**
 * The base that a dataset is probably for, without asking a daemon: from the settings, the last used one, or the demo model.
 */
export function likelyBase(app: App): string {
  const wished = setting('baseModel', '').trim();
  return wished === '' ? app.context.globalState.get(LAST_BASE, demoModel(app)) : wished;
}

/** The known base models. The one to propose comes first. */
export async function knownBases(app: App): Promise<Base[]> {
  const demo = demoModel(app);
  const { items } = await app.daemon.call(({ records }) => records.basesList, { limit: 100 });
  const wished = setting('baseModel', '').trim();
  const used = items.map(({ spec, parameters, architecture }) => ({
    spec,
    ...(spec === demo ? { label: DEMO_NAME, suits: DEMO_SUITS } : { label: baseLabel(spec) }),
    description: [architecture, parameters === null ? null : parametersText(parameters)]
      .filter((part) => part !== null)
      .join(', '),
  }));
  const bases = [
    ...(wished === ''
      ? []
      : [
          used.find(({ spec }) => spec === wished) ?? {
            spec: wished,
            label: baseLabel(wished),
            description: 'from the settings',
          },
        ]),
    ...used,
    demoBase(app),
  ];
  return bases.filter(({ spec }, i) => bases.findIndex((one) => one.spec === spec) === i);
}
