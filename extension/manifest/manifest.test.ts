import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, sources } from '../../test/sources.ts';
import { COMMANDS, ITEMS, SETTINGS, VIEWS } from '../contributions.ts';
import { datasets } from './datasets.ts';
import { activationEvents, capabilities, contributes, manifestTexts } from './manifest.ts';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json'));
const texts = JSON.parse(read('package.nls.json'));
const run = 'is not what extension/ says: npm run manifest';

test('package.json is what contributions.ts and manifest/ say', () => {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  assert.deepEqual(manifest.contributes, plain(contributes()), `contributes ${run}`);
  assert.deepEqual(manifest.activationEvents, activationEvents(), `activationEvents ${run}`);
  assert.deepEqual(manifest.capabilities, plain(capabilities()), `capabilities ${run}`);
  assert.deepEqual(manifest.datasets, plain(datasets()), `datasets ${run}`);
  assert.deepEqual(texts, manifestTexts(), `package.nls.json ${run}`);
  assert.deepEqual(manifest.extensionKind, ['workspace']);
});

test('every text of the manifest is there, and none is left over', () => {
  const { contributes: shown, capabilities: trust } = manifest;
  const used = new Set([...JSON.stringify([shown, trust]).matchAll(/%([\w.]+)%/g)].map(([, key]) => key!));
  assert.deepEqual([...used].sort(), Object.keys(texts).sort());
});

test('every id is used, and no id is written anywhere but in contributions.ts', () => {
  const code = sources(['.ts']).filter(
    (file) => file.startsWith('extension/') && !file.endsWith('.test.ts') && file !== 'extension/contributions.ts',
  );
  const all = code.map(read).join('\n');
  for (const name of Object.keys(COMMANDS)) assert.match(all, new RegExp(`\\b${name}\\b`), name);
  for (const name of Object.keys(ITEMS)) assert.match(all, new RegExp(`ITEMS\\.${name}\\b`), name);
  for (const name of Object.keys(VIEWS)) assert.match(all, new RegExp(`VIEWS\\.${name}\\b`), name);
  for (const name of Object.keys(SETTINGS))
    assert.match(all, new RegExp(`[sS]etting(<\\w+>)?\\((\\w+, )?'${name}'|${name}: \\{`), name);
  for (const file of code)
    assert.doesNotMatch(read(file), /['"`]veraStudio\.\w/, `${file} writes an id; it belongs to contributions.ts`);
});

test('menus and welcome texts name commands that are there', () => {
  const ids = new Set<string>(Object.values(COMMANDS));
  for (const entries of Object.values<{ command: string }[]>(manifest.contributes.menus))
    for (const { command } of entries) assert.ok(ids.has(command), command);
  for (const [key, text] of Object.entries<string>(texts)) {
    for (const [, id] of text.matchAll(/\(command:([\w.]+)/g))
      assert.ok(ids.has(id!) || id!.startsWith('workbench.'), `${key}: ${id}`);
  }
});

test('files that the manifest names are there', () => {
  const named = [
    ...JSON.stringify([manifest.contributes, manifest.icon]).matchAll(/"((?:media|walkthrough)\/[^"]+)"/g),
  ].map(([, file]) => file!);
  assert.ok(named.length >= 4);
  for (const file of named) assert.ok(existsSync(join(root, file)), file);
});

test('machine settings are restricted', () => {
  const properties: Record<string, { scope: string }> = manifest.contributes.configuration.properties;
  const machine = Object.keys(properties).filter((id) => properties[id]!.scope === 'machine');
  assert.ok(machine.length >= 3);
  for (const id of machine)
    assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(id), id);
});

test('menus offer every form of dataset, but not the files of tools that end in the same way', () => {
  const offered = new RegExp(datasets().offered.pattern, 'i');
  for (const name of ['a.json', 'a.ndjson', 'A.CSV', 'x.tsv', 'notes.md', 'train.jsonl.gz', 'x.json.zst', 'x.parquet'])
    assert.match(name, offered);
  for (const name of [
    'package.json',
    'tsconfig.test.json',
    'README.md',
    'LICENSE.txt',
    'a.tar.gz',
    '.eslintrc.json',
    'a.ts',
  ])
    assert.doesNotMatch(name, offered);
});
