import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandFor } from '../cli/remedies.ts';
import { temporaryFolder } from '../../test/temporary.ts';
import type { VeraError } from '../protocol/errors.ts';
import { columnMapOf, columnMapText, likelyColumns, mapRow } from './columns.ts';
import { openRows } from './dataset.ts';

const folder = temporaryFolder();
const plain = { onBadRow: 'error', heldOut: 0 } as const;
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('the setting is read and written, with names that need quotes', () => {
  const text = 'prompt="Frage, kurz",completion="a ""b""=c"';
  const map = columnMapOf(` prompt = "Frage, kurz" , completion="a ""b""=c"`)!;
  assert.deepEqual([...map], [['prompt', 'Frage, kurz'], ['completion', 'a "b"=c']]); // prettier-ignore
  assert.equal(columnMapText(map), text);
  assert.equal(columnMapOf('  '), undefined);
  for (const wrong of ['prompt', 'prompt=', '=x', 'prompt=a,,', 'prompt="a'])
    assert.throws(() => columnMapOf(wrong), /Columns is written like prompt=question/, wrong);
  assert.throws(() => columnMapOf('frage=prompt'), /write prompt=frage/);
  assert.throws(() => columnMapOf('foo=bar'), /no row format reads a column "foo"/);
});

test('a row gets the names that a format reads; other columns stay', () => {
  const map = columnMapOf('prompt=q,completion=answers.text.0')!;
  assert.deepEqual(mapRow({ id: 1, q: 7, prompt: 'old', answers: { text: ['yes'] } }, map), {
    ...{ prompt: '7', completion: 'yes' },
    ...{ id: 1, answers: { text: ['yes'] } },
  });
});

test('columns of CSV and JSON that no format knows are read as the setting says', async () => {
  for (const path of [
    file('de.csv', 'nr,frage,antwort\n1,Wie?,So\n2,Wo?,Da\n'),
    file('de.jsonl', '{"frage":"Wie?","antwort":"So"}\n{"frage":"Wo?","antwort":"Da"}\n'),
  ]) {
    const error = await openRows(path, plain).then(
      () => assert.fail('it was read'),
      (found: unknown) => found as VeraError,
    );
    assert.match(error.message, /no row format has these columns \((nr, )?frage, antwort\)/);
    assert.deepEqual(error.remedy?.do, 'mapColumns');
    assert.equal(commandFor(error.remedy), '--columns prompt=frage,completion=antwort');
    const columns = 'prompt=frage,completion=antwort';
    const rows = await openRows(path, { ...plain, columns });
    assert.equal(rows.format.name, 'pair');
    assert.match(rows.reader.note ?? '', /frage read as prompt, antwort read as completion/);
    assert.deepEqual(
      [...rows.train].map((i) => rows.sample(i)).map((one) => one?.kind === 'pair' && [one.prompt, one.completion]),
      [
        ['Wie?', 'So'],
        ['Wo?', 'Da'],
      ],
    );
    rows.reader.close();
    await assert.rejects(openRows(path, { ...plain, columns: 'prompt=farge,completion=antwort' }), {
      message: /the data have no column "farge"; they have .*frage/,
    });
  }
});

test('what is mapped decides the format', async () => {
  const path = file('both.jsonl', '{"messages":[],"text":"x","q":"a","a":"b"}\n');
  const rows = await openRows(path, { ...plain, columns: 'instruction=q,output=a' });
  assert.equal(rows.format.name, 'instruction');
  rows.reader.close();
});

test('usual names, and two columns of text, are proposed', () => {
  const proposed = (row: Record<string, unknown>): string | undefined => {
    const map = likelyColumns(row);
    return map && columnMapText(map);
  };
  assert.equal(proposed({ id: '1', Question: 'a', Answer: 'b' }), 'prompt=Question,completion=Answer');
  assert.equal(proposed({ left: 'a', right: 'b' }), 'prompt=left,completion=right');
  assert.equal(proposed({ left: 'a', right: 'b', x: 'c' }), undefined);
});
