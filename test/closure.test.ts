/** The daemon's own process never loads onnxruntime, so a model can only crash or block the process of its worker. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { root } from './sources.ts';

/** Specifiers of the modules that are loaded together with a file; imports of types and `import()` do not count. */
function loads(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest);
  return source.statements.flatMap((statement) => {
    const isImport =
      ts.isImportDeclaration(statement) && statement.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword;
    const isExport = ts.isExportDeclaration(statement) && !statement.isTypeOnly;
    const from = isImport || isExport ? statement.moduleSpecifier : undefined;
    return from !== undefined && ts.isStringLiteral(from) ? [from.text] : [];
  });
}

/** Every file that is loaded together with one, mapped to the file that imports it. Packages appear by their names. */
function closure(entry: string): Map<string, string> {
  const found = new Map([[entry, '']]);
  for (const file of found.keys()) {
    if (!file.endsWith('.ts')) continue;
    for (const specifier of loads(file)) {
      const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier;
      if (!found.has(target)) found.set(target, file);
    }
  }
  return found;
}

function chain(found: Map<string, string>, to: string): string {
  const steps = [to];
  for (let by = found.get(to); by; by = found.get(by)) steps.push(by);
  return steps.reverse().join(' -> ');
}

test('what the daemon loads', () => {
  const found = closure('daemon/main.ts');
  assert.ok(
    found.has('daemon/server/server.ts') && found.has('better-sqlite3') && found.size > 100,
    `only ${found.size}`,
  );
  for (const banned of ['onnxruntime-node', 'daemon/runtime/session.ts']) {
    assert.ok(
      !found.has(banned),
      `${chain(found, banned)}: move what is needed into a file without it, or into a worker`,
    );
  }
});

test('what a client loads: no database, so that it lives in any program', () => {
  const found = new Map(['connect', 'running', 'stop'].flatMap((name) => [...closure(`daemon/client/${name}.ts`)]));
  assert.ok(found.has('ws') && found.has('vscode-jsonrpc/node'));
  for (const banned of ['better-sqlite3', 'pino', 'kysely', 'onnxruntime-node']) {
    assert.ok(!found.has(banned), chain(found, banned));
  }
});

test('the reader sees what is there: a worker does load it', () => {
  assert.ok(closure('daemon/train/worker.ts').has('daemon/runtime/session.ts'));
});

test('what the extension loads when it is activated: no schemas and no readers, which load later', () => {
  const found = closure('extension/main.ts');
  assert.ok(found.has('vscode') && found.has('extension/output/flow.ts') && found.size > 40, `only ${found.size}`);
  for (const banned of ['zod', 'vscode-languageclient/node', 'daemon/data/readers/registry.ts']) {
    assert.ok(!found.has(banned), `${chain(found, banned)}: import it late, through a lazy.ts`);
  }
});
