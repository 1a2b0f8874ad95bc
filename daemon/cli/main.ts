#!/usr/bin/env node
/** `vera`: reads the command line, runs one command, and turns what it throws into one line and an exit code. */
import { Command, Option } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { COMMANDS } from './commands.ts';
import { EXIT_CODE_HELP, failureOf } from './failure.ts';
import { printJson } from './output.ts';

const EXAMPLES = `
Examples:
  $ vera train notes.jsonl --base HuggingFaceTB/SmolLM2-135M-Instruct --out my-adapter
  $ vera generate --base HuggingFaceTB/SmolLM2-135M-Instruct --adapter my-adapter --prompt "Hello"
  $ vera merge my-adapter --out my-model
  $ vera plan --base model.gguf --rank 256 --targets q_proj,v_proj

State (catalog, cache, checkpoints) is in VERA_HOME, by default ~/.vera. HF_ENDPOINT and HF_TOKEN are used for hub ids.
${EXIT_CODE_HELP}
With --json an error is also one line on standard output: {"event":"error","code":...,"message":...}`;

/** Where help lists the options that every command has, however a command groups its own. */
const COMMON = 'Options:';

const argv = process.argv.slice(2);
const flags = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);

let program: Command | undefined;

/** The flag that gives a setting to a command that was loaded: commander names an option after its flag. */
function flagOfSetting(command: Command | undefined, name: string): string | undefined {
  const found = command?.options.find(
    (option) => !option.negate && [name, name.replace(/s$/, '')].includes(option.attributeName()),
  );
  if (found?.long !== undefined) return found.long;
  return command?.commands.map((one) => flagOfSetting(one, name)).find((flag) => flag !== undefined);
}

function end(error: unknown): void {
  const failure = failureOf(error, (name) => flagOfSetting(program, name));
  if (failure === undefined) return;
  if (flags.includes('--verbose') && error instanceof Error) console.error(error);
  process.stderr.write(`vera: ${failure.message}\n`);
  if (flags.includes('--json')) printJson({ event: 'error', code: failure.code, message: failure.message });
  // End the process even if the command left something open, but print everything first.
  process.stdout.write('', () => process.exit(failure.exitCode));
}

async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command('vera')
    .description('Fine-tune language models on your own machine with VeRA. An adapter takes kilobytes, not gigabytes.')
    .version(manifest.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError();
  const first = args.find((arg) => !arg.startsWith('-'));
  const named = first !== undefined && Object.hasOwn(COMMANDS, first) ? first : undefined;
  for (const [name, load] of Object.entries(COMMANDS)) {
    if (named !== undefined && named !== name) continue;
    try {
      (await load())(program);
    } catch (error) {
      if (named !== undefined) throw error;
      program.command(name).description('cannot be loaded on this machine: run vera doctor');
    }
  }
  for (const command of program.commands) addCommonOptions(command);
  return program;
}

/** Adds the options that every command has, also to groups and their subcommands. */
function addCommonOptions(command: Command): void {
  command.commands.forEach(addCommonOptions);
  const has = (flag: string): boolean => command.options.some(({ long }) => long === flag);
  if (!has('--json')) command.addOption(new Option('--json', 'print one JSON object per line').helpGroup(COMMON));
  if (!has('--verbose')) command.addOption(new Option('--verbose', 'print the stack of an error').helpGroup(COMMON));
}

// If the reader of a pipe stops early (`vera ... | head`), the command ends like any other program.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(141);
    throw error;
  });
}
process.on('uncaughtException', end);

try {
  program = await programFor(flags);
  await program.parseAsync(argv, { from: 'user' });
} catch (error) {
  end(error);
}
