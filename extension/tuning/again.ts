import type { Job } from '../../daemon/protocol/jobs.ts';
import { type App, type Panel, requireTrust } from '../app.ts';
import { baseLabel } from './baseLabel.ts';
import { knownBases } from './bases.ts';
import { describedSettings, fieldsFor, methodOf } from './fields.ts';
import { fineTuneWith } from './fineTune.ts';
import { trainingOf } from './training.ts';

/** Begins a run with the settings of an earlier one. The person can change them first. */
export async function fineTuneAgain(app: App, panel: Panel, job: Job): Promise<void> {
  await requireTrust('Fine-tuning');
  const { settings, note, activate = false } = trainingOf(job);
  const { name } = job;
  const { data, base: spec, out: _, ...before } = settings;
  const [bases, described] = await Promise.all([knownBases(app), describedSettings(app)]);
  // Another version may have had settings that this daemon does not know.
  const known = new Set(
    fieldsFor(described, methodOf(described, before)).flatMap((group) => group.settings.map(({ name }) => name)),
  );
  const same = Object.fromEntries(Object.entries(before).filter(([name]) => known.has(name)));
  const base = bases.find((one) => one.spec === spec) ?? {
    spec,
    label: baseLabel(spec),
    description: '',
  };
  await fineTuneWith(app, panel, {
    data,
    base,
    // The earlier settings are a start of their own; the presets beside them do what they say.
    ...{ preset: 'same', same, changes: {} },
    activate,
    described,
    ...(name === null ? {} : { name }),
    note,
  });
}
