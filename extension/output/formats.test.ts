import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPORT_FORMATS } from '../../daemon/export/formats/registry.ts';
import { asking, folderName, lineOf, sizeText, specOf, wrapped } from './formats.ts';

test('the size of a format', () => {
  assert.equal(sizeText({ bytes: 15_500, atMost: false }), 'about 15.5 kB');
  assert.equal(sizeText({ bytes: 4e6, atMost: true }), 'at most 4.0 MB');
  assert.equal(sizeText({ bytes: null, atMost: false }), '');
});

test('the job that writes a format', () => {
  assert.deepEqual(specOf({ job: 'export', name: 'peft' }, 3, '/out', { projection: false }), {
    kind: 'export',
    adapter: 3,
    format: 'peft',
    options: { projection: false },
    out: '/out',
  });
  assert.deepEqual(specOf({ job: 'merge', name: 'merge' }, 3, '/out', {}), { kind: 'merge', adapter: 3, out: '/out' });
  assert.equal(folderName('notes / two', { name: 'peft' }), 'notes-two-peft');
});

test('command lines hold paths of any name', () => {
  for (const format of EXPORT_FORMATS) {
    for (const use of format.uses("/a b/it's; rm -rf $HOME", '/base')) {
      const line = lineOf(use, 'vera');
      assert.doesNotMatch(line.replace(/'(?:[^']|'\\'')*'/g, ''), /[;$]/, line);
    }
  }
  const merge = EXPORT_FORMATS.find(({ name }) => name === 'merge')!.uses('/out', '/base')[0]!;
  assert.match(lineOf(merge, 'vera'), /^vera generate --base \/out --prompt Hello$/);
});

test('what is asked first is a question of the held-out data, as a message where the data are chats', () => {
  const row = {
    place: 0,
    source: 'a.jsonl, line 3',
    chat: true,
    before: [],
    prompt: "What's the capital?",
    expected: 'Paris',
  };
  const args = ['generate', '--base', '/base', '--adapter', '/out', '--prompt', 'Hello'];
  const line = (one: Parameters<typeof asking>[1]) => lineOf({ program: 'vera', args: asking(args, one) }, 'vera');
  assert.equal(line(row), `vera generate --base /base --adapter /out --prompt 'What'\\''s the capital?' --chat`);
  assert.match(line({ ...row, before: [{ role: 'system', content: 'Be brief.' }] }), / --chat --system 'Be brief\.'$/);
  assert.doesNotMatch(line({ ...row, chat: false }), /--chat/);
  assert.match(line(undefined), /--prompt Hello$/);
  assert.deepEqual(asking(['-c', 'code'], row), ['-c', 'code']);
});

test('a GGUF base is loaded from the folder that it was converted into', () => {
  const [ask, load] = EXPORT_FORMATS.find(({ name }) => name === 'peft')!.uses('/out', '/base.gguf', '/cache/base');
  assert.ok(ask!.args.includes('/base.gguf'));
  assert.match(load!.args[1]!, /from_pretrained\("\/cache\/base"\), "\/out"/);
});

test('a long text is shown in lines that are not cut', () => {
  const text = 'No longer an adapter: it cannot be removed or switched. Weights keep the number type of the base.';
  const lines = wrapped(text, 40);
  assert.ok(lines.length > 2 && lines.every(({ length }) => length <= 40));
  assert.equal(lines.join(' '), text);
});
