import { resolve } from 'node:path';
import type { Command } from 'commander';
import { VeraError } from '../protocol/errors.ts';
import { refuseOutput } from '../train/folder.ts';
import { completeSettings, type TrainSettings } from '../train/settings.ts';
import { trainForeground } from './trainForeground.ts';
import { addTrainOptions, collectTag } from './trainOptions.ts';
import { freshFolder, newRun, resumedRun, type TrainFlags } from './trainRun.ts';
import { label } from './reference.ts';
import { type JobFlags, trainThroughDaemon } from './trainThroughDaemon.ts';
import { integer } from './options.ts';

type Flags = TrainFlags & JobFlags & { resume?: string; foreground?: boolean; json?: boolean };

const HELP = `
DATA is a JSONL, CSV, TSV, Parquet or text file, or a folder of code. Its format is detected and shown.
The run is a job of the daemon, a background process that is started on demand. It continues when you close this terminal, and
resumes by itself after a crash. The adapter is stored in the catalog (vera adapters) and in the output folder, which becomes a
PEFT folder. The folder also holds run.json, metrics.jsonl and checkpoints/.
Ctrl-C asks whether to stop at a checkpoint or to leave the job running. Without a terminal to ask on, it stops after the current
step, with a checkpoint; a second Ctrl-C ends the run at once. vera train --resume DIR continues from the last checkpoint. Then
you may give new values for settings of the optimizer, the schedule, evaluation and samples; docs/settings.md marks them.
With --json: one event per line (job, start, step, eval, sample, checkpoint, report). The last one is
{"event":"done","adapter":DIR,"trainLoss":n,"evalLoss":n,"baseEvalLoss":n,"trainableParameters":n,"adapterBytes":n,"tokensPerSecond":n,"peakRssBytes":n}`;

export function registerTrain(program: Command): void {
  const command = program
    .command('train')
    .description('fine-tune a base model on a dataset')
    .argument('[data]', 'dataset file or folder')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id')
    .option('--out <dir>', 'folder for the adapter (default: a new folder in VERA_HOME)')
    .option('--resume <dir>', 'resume the run in this folder')
    .optionsGroup('Job and adapter:')
    .option('--name <name>', 'name of the adapter (default: made from the data and the method)', label)
    .option('--note <text>', 'a note on the adapter')
    .option('--tag <tag>', 'a tag of the adapter; may be repeated', collectTag)
    .option(
      '--project <project>',
      'project of the adapter: its name or number, or a folder such as ./folder (default: none)',
    )
    .option('--user <user>', 'user of the adapter: name or number (default: the user who started the daemon)')
    .option('--activate', 'make the new adapter the active one of the user, or of the project where one is given')
    .option('--priority <n>', 'place in the queue: higher runs first (-100 to 100; default: 0)', integer(-100, 100))
    .option('--detach', 'put the job into the queue and print its number, without following it')
    .option('--foreground', 'train in this process, without daemon, queue or catalog');
  addTrainOptions(command).addHelpText('after', HELP).action(runTrain);
}

async function runTrain(data: string | undefined, flags: Flags): Promise<void> {
  const { resume, foreground = false, json = false, detach, ...rest } = flags;
  const { name, note, tag, project, user, activate, priority, ...settings } = rest;
  const job = { name, note, tag, project, user, activate, priority, detach };
  const about = Object.fromEntries(Object.entries(job).filter(([, value]) => value !== undefined)) as JobFlags;
  if (!foreground) {
    await trainThroughDaemon(
      resume === undefined
        ? { given: newRun(data, settings) }
        : { ...resumedRun(resume, data, settings), resume: resolve(resume) },
      about,
      json,
    );
    return;
  }
  const [flag] = Object.keys(about);
  if (flag !== undefined) throw new VeraError('usage', `--${flag} needs the daemon: leave out --foreground`);
  await trainForeground(completed(data, resume, settings), resume !== undefined, json);
}

function completed(data: string | undefined, resume: string | undefined, settings: TrainFlags): TrainSettings {
  if (resume !== undefined) return resumedRun(resume, data, settings).given;
  const given = newRun(data, settings);
  const out = given.out ?? freshFolder(given.data, completeSettings({ ...given, out: '' }).method);
  refuseOutput(out);
  return completeSettings({ ...given, out });
}
