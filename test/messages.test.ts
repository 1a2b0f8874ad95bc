/**
 * What a person reads names a setting by its label. Only the command line speaks of flags and commands: a person who clicked in VS Code
 * has none. Reads every string of the daemon outside `cli/` and of the extension.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { COMMANDS } from '../daemon/cli/commands.ts';
import { root, sources } from './sources.ts';

/** Files whose strings are command lines: to be run by hand, or by a recipe. */
const COMMAND_LINES = [
  'extension/output/formats.ts', // shows how to use what was exported
  'daemon/demo/recipe/',
];
/** A string that is a flag and nothing else is an argument for another process. */
const ARGUMENT = /^--[a-z-]+(=\S*)?$/;
const FLAG = /(^|[\s('"`])--[a-z]/;
const COMMAND = new RegExp(`\\bvera (${Object.keys(COMMANDS).join('|')})\\b(?!:)`); // 'vera daemon: ...' is who speaks

/** Lines with a string that tells a person of a flag or a command. */
function told(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      const said = node.text;
      if (!ARGUMENT.test(said) && (FLAG.test(said) || COMMAND.test(said)))
        found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${said.trim()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test('no message outside the command line names a flag or a command of vera', () => {
  const files = sources(['.ts']).filter(
    (file) =>
      /^(daemon|extension)\//.test(file) &&
      !file.startsWith('daemon/cli/') &&
      !file.endsWith('.test.ts') &&
      !COMMAND_LINES.some((one) => file.startsWith(one)),
  );
  assert.ok(files.length > 200);
  assert.deepEqual(
    files.flatMap((file) => told(file, readFileSync(join(root, file), 'utf8'))),
    [],
    'name the setting by its label and give its name to the error (`settings`), or say what helps with a `remedy`',
  );
});

test('a message that does is found', () => {
  const says = (code: string): number => told('a.ts', code).length;
  assert.equal(says("wrong('--patience needs held-out rows')"), 1);
  assert.equal(says('wrong(`the base is missing (pass --base ${x})`)'), 1);
  assert.equal(says('wrong(`continue: ${x}; see vera jobs follow`)'), 1);
  assert.equal(says("spawn(node, ['--successor', `--inspect=${port}`]); log('vera daemon: ready'); // --flag"), 0);
});
