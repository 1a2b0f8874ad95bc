import type { Command } from 'commander';
import { examineAll } from './health.ts';
import type { Check } from './check.ts';
import { print, printJson } from './output.ts';

const MARKS: Readonly<Record<Check['status'], string>> = { right: 'ok  ', poor: 'poor', wrong: 'FIX ' };

const HELP = `
Exit code 0: training works on this machine. Exit code 1: something has to be fixed first. Nothing is sent anywhere.
With --json: {"ok":true|false,"checks":[{"name":...,"status":"right"|"poor"|"wrong","message":...,"cure":...}]}`;

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check whether training works on this machine, and show how to fix what does not')
    .addHelpText('after', HELP)
    .action(doctor);
}

async function doctor({ json }: { json?: boolean }): Promise<void> {
  const checks = await examineAll();
  const ok = checks.every(({ status }) => status !== 'wrong');
  if (json) printJson({ ok, checks });
  else {
    for (const { name, status, message, cure } of checks) {
      print(`${MARKS[status]}  ${name.padEnd(11)}  ${message}`);
      if (cure !== undefined) print(`${' '.repeat(19)}-> ${cure}`);
    }
    print(ok ? 'Training works on this machine.' : 'Fix what is marked FIX, then run vera doctor again.');
  }
  if (!ok) process.exitCode = 1;
}
