import { resolve } from 'node:path';
import type { Command } from 'commander';
import { VeraError } from '../protocol/errors.ts';
import { refuseOccupied } from '../train/folder.ts';
import { completeSettings, type TrainSettings } from '../train/settings.ts';
import { trainForeground } from './trainForeground.ts';
import { addTrainOptions, collectTag } from './trainOptions.ts';
import { freshFolder, newRun, resumedRun, type TrainFlags } from './trainRun.ts';
import { label } from './reference.ts';
import { type JobFlags, trainThroughDaemon } from './trainThroughDaemon.ts';
import { integer } from './options.ts';

type Flags = TrainFlags & JobFlags & { resume?: string; foreground?: boolean; json?: boolean };

const HELP = `
DATA is a JSONL, CSV, TSV, Parquet or text file, or a folder of code; its format is detected and said.
The run is a job of the daemon, which is started where none runs: it goes on when this terminal is closed, and by itself after a
crash. The adapter goes into the catalog (vera adapters) and into the output folder, which becomes a PEFT folder; run.json,
metrics.jsonl and checkpoints/ lie in it too.
Ctrl-C asks whether to stop at a checkpoint or to leave the job running; where nobody can be asked it stops after the step under
way, with a checkpoint, and twice ends at once. vera train --resume DIR goes on exactly where the last checkpoint was; with it,
settings of the optimizer and of how long to train may be given anew.
With --json: one event a line (job, start, step, eval, sample, checkpoint, report), the last one is
{"event":"done","adapter":DIR,"trainLoss":n,"evalLoss":n,"baseEvalLoss":n,"trainableParameters":n,"adapterBytes":n,"tokensPerSecond":n,"peakRssBytes":n}`;

export function registerTrain(program: Command): void {
  const command = program
    .command('train')
    .description('fine-tune a base model on a dataset')
    .argument('[data]', 'dataset file or folder')
    .option('--base <model>', 'Hugging Face folder, GGUF file or hub id')
    .option('--out <dir>', 'where the adapter goes (default: a new folder in VERA_HOME)')
    .option('--resume <dir>', 'go on with the run in this folder')
    .optionsGroup('Job and adapter:')
    .option('--name <name>', 'what the adapter is called (default: after the data and the method)', label)
    .option('--note <text>', 'a note on the adapter')
    .option('--tag <tag>', 'a tag of the adapter; may be repeated', collectTag)
    .option('--project <project>', 'project it belongs to: name, number, or a folder as ./folder (default: none)')
    .option('--user <user>', 'user it is for: name or number (default: the one who started the daemon)')
    .option('--activate', 'make it the active adapter of the user, in the project where one is given')
    .option(
      '--priority <n>',
      'place in the queue: higher goes first, from -100 to 100 (default: 0)',
      integer(-100, 100),
    )
    .option('--detach', 'put the job into the queue and say its number, without following it')
    .option('--foreground', 'train in this process: no daemon, no queue, no catalog');
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
  if (resume !== undefined) return completeSettings(resumedRun(resume, data, settings).given);
  const given = newRun(data, settings);
  const out = given.out ?? freshFolder(given.data, given.method ?? 'vera');
  refuseOccupied(out);
  return completeSettings({ ...given, out });
}
