import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Shown } from '../shown.ts';
import { applied, type Edit } from './edit.ts';
import { createTracker, SEEN_MS, type Tracker, type Use } from './tracker.ts';

const URI = 'file:///code/a.ts';
const START = 1_000_000;

/** An editor with one document, a clock, and a tracker that listens. */
class Editor {
  text: string;
  at = START;
  number = 0;
  readonly told: Use[] = [];
  readonly tracker: Tracker = createTracker((use) => this.told.push(use));

  constructor(text = '') {
    this.text = text;
  }

  /** Shows `ghost` at a place. start, end: what it replaces. */
  show(ghost: string, offset: number, { start = offset, end = offset, continues }: Partial<Shown> = {}): number {
    const model = { id: 'base', base: '/base', adapter: null };
    const fixed = { uri: URI, languageId: 'typescript', model, invoked: false, latencyMs: 80, continues };
    this.tracker.show({ ...fixed, number: ++this.number, start, end, offset, text: ghost, at: this.at }, this.text);
    return this.number;
  }

  edit(...edits: Edit[]): void {
    for (const edit of edits) this.text = applied(this.text, edit);
    this.tracker.change(URI, edits, this.at);
  }

  insert(offset: number, text: string): void {
    this.edit({ offset, removed: 0, text });
  }

  /** Types a text at a place, one key after the other. */
  type(offset: number, text: string, pause = 30): void {
    for (let i = 0; i < text.length; i++) {
      this.wait(pause);
      this.insert(offset + i, text.charAt(i));
    }
  }

  wait(milliseconds: number): void {
    this.at += milliseconds;
    this.tracker.tick(this.at);
  }

  /** The last that was told of a completion. */
  last(number = this.number): Use {
    return this.told.findLast(({ shown }) => shown.number === number)!;
  }

  end(): Use {
    this.tracker.end(this.at);
    return this.last();
  }
}

const seen = (editor: Editor): void => editor.wait(SEEN_MS);
const brief = ({ outcome, accepted: { characters, lines }, kept }: Use): unknown[] => [
  outcome,
  characters,
  lines,
  ...kept,
];

test('accepted with Tab: all of it, kept after each time', () => {
  const editor = new Editor('const a = ;\n');
  editor.show('add(1, 2);', 10, { end: 11 }); // it replaces the rest of the line
  seen(editor);
  assert.equal(editor.last().outcome, 'open');
  assert.equal(editor.last().characters, 9, 'what the document has already is not shown as new');
  editor.edit({ offset: 10, removed: 1, text: 'add(1, 2);' });
  assert.deepEqual(brief(editor.last()), ['accepted', 9, 1, null, null, null]);
  editor.wait(30_000);
  assert.deepEqual(brief(editor.last()), ['accepted', 9, 1, 9, null, null]);
  editor.edit({ offset: 14, removed: 4, text: '' });
  editor.wait(90_000);
  assert.deepEqual(editor.last().kept.slice(0, 2), [9, 6]);
  assert.deepEqual(brief(editor.end()), ['accepted', 9, 1, 9, 6, 6]);
  assert.equal(editor.tracker.waits(), false);
});

test('what the item repeats of the line, and what it replaces before the cursor, is not counted', () => {
  const editor = new Editor('  retur');
  editor.show('  return x;', 7, { start: 0 });
  editor.edit({ offset: 0, removed: 7, text: '  return x;' });
  assert.deepEqual(brief(editor.last()), ['accepted', 4, 1, null, null, null]);
});

test('by word and by line, then the rest', () => {
  const editor = new Editor('x\n');
  editor.show('const one = 1;\nconst two = 2;\n', 2);
  let at = 2;
  const accept = (part: string): void => {
    editor.wait(400);
    editor.insert(at, part);
    at += part.length;
  };
  accept('const');
  assert.deepEqual(brief(editor.last()).slice(0, 3), ['open', 5, 0]);
  accept(' one');
  accept(' = 1;\n');
  assert.deepEqual(brief(editor.last()).slice(0, 3), ['open', 15, 1]);
  accept('const two = 2;\n');
  assert.deepEqual(brief(editor.last()).slice(0, 3), ['accepted', 30, 2]);
  editor.wait(600_000);
  assert.deepEqual(editor.last().kept, [30, 30, 30]);
});

test('words, then another text: partly', () => {
  const editor = new Editor();
  editor.show('first second', 0);
  editor.insert(0, 'first');
  editor.type(5, '!');
  assert.deepEqual(brief(editor.last()).slice(0, 2), ['partly', 5]);
});

test('typed by hand is not accepted, whatever an editor adds to a key', () => {
  const editor = new Editor();
  editor.show('if (a) {\n  b();\n}', 0);
  editor.type(0, 'if ');
  editor.insert(3, '('); // the bracket that the editor closes comes with the key
  editor.type(4, 'a) {');
  editor.insert(8, '\n  '); // Enter, with the indentation
  editor.type(11, 'b();');
  editor.insert(15, '\n');
  editor.type(16, '}');
  assert.deepEqual(brief(editor.last()), ['typed', 0, 0, null, null, null]);
  const pairs = new Editor();
  pairs.show('call(one)', 0);
  pairs.type(0, 'call');
  pairs.insert(4, '()');
  seen(pairs);
  assert.equal(pairs.last().accepted.characters, 0);
  const emoji = new Editor();
  emoji.show('🎉🎉', 0);
  emoji.type(0, '🎉🎉', SEEN_MS);
  assert.equal(emoji.last().outcome, 'typed');
});

test('a word from the list of suggestions of the editor is not accepted ghost text', () => {
  const editor = new Editor('con');
  editor.show('sole.log(1)', 3);
  editor.edit({ offset: 0, removed: 3, text: 'console' });
  seen(editor);
  assert.equal(editor.last().accepted.characters, 0);
  editor.insert(7, '.log(1)');
  assert.deepEqual(brief(editor.last()).slice(0, 2), ['accepted', 7]);
});

test('typing, taking it back, and the same completion shown again after each key', () => {
  const editor = new Editor();
  const number = editor.show('return value;', 0);
  editor.type(0, 're');
  editor.show('turn value;', 2, { continues: number });
  seen(editor);
  editor.type(2, 'x');
  editor.edit({ offset: 2, removed: 1, text: '' });
  editor.wait(SEEN_MS);
  assert.equal(editor.last(number).outcome, 'rejected');
  const again = new Editor();
  const first = again.show('return value;', 0);
  again.type(0, 'ret');
  again.edit({ offset: 2, removed: 1, text: '' });
  again.show('turn value;', 2);
  again.edit({ offset: 0, removed: 2, text: '' });
  again.show('return value; // more', 0);
  seen(again);
  again.insert(0, 'return value; // more');
  assert.deepEqual([again.last(first).outcome, again.last(first).characters], ['accepted', 21]);
  assert.ok(again.told.every(({ shown }) => shown.number === first));
});

test('rejected, ignored, and not seen at all', () => {
  const rejected = new Editor();
  rejected.show('abc def', 0);
  seen(rejected);
  rejected.type(0, 'x');
  assert.equal(rejected.last().outcome, 'rejected');
  const ignored = new Editor('one\ntwo\n');
  const number = ignored.show('abc def', 3);
  seen(ignored);
  ignored.show('other', 7);
  assert.equal(ignored.last(number).outcome, 'ignored');
  const unseen = new Editor();
  unseen.show('abc def', 0);
  unseen.type(0, 'x');
  unseen.show('more', 1);
  unseen.end();
  assert.deepEqual(unseen.told, []);
  const left = new Editor();
  left.show('abc def', 0);
  left.wait(SEEN_MS);
  left.wait(700_000);
  assert.equal(left.last().outcome, 'ignored');
  assert.equal(left.tracker.waits(), false);
});

test('undo takes away what was kept; a redo of lines brings it back', () => {
  const text = 'function twice(x) {\n  return 2 * x;\n}\n';
  const editor = new Editor('// a file\n');
  editor.show(text, 10);
  editor.insert(10, text);
  editor.edit({ offset: 10, removed: text.length, text: '' });
  editor.wait(30_000);
  assert.equal(editor.last().kept[0], 0);
  editor.insert(10, text);
  editor.wait(90_000);
  assert.ok(editor.last().kept[1]! > 0.8 * text.length);
});

test('several cursors: the text counts once, and its place moves with the edits before it', () => {
  const editor = new Editor('a\nb\nc\n');
  editor.show(' = 1;', 5);
  seen(editor);
  // From the last to the first, as VS Code tells them.
  editor.edit(...[5, 3, 1].map((offset) => ({ offset, removed: 0, text: ' = 1;' })));
  assert.equal(editor.text, 'a = 1;\nb = 1;\nc = 1;\n');
  assert.deepEqual(brief(editor.last()).slice(0, 2), ['accepted', 5]);
  editor.edit({ offset: 0, removed: 14, text: '' });
  assert.equal(editor.end().kept[2], 5);
});

test('a formatter that replaces the whole document takes nothing away; a line that moved is kept', () => {
  const editor = new Editor('start();\nend();\n');
  editor.show('if(ready){\nrun(1,2);\n}\n', 9);
  editor.insert(9, 'if(ready){\nrun(1,2);\n}\n');
  const formatted = 'start();\n\nif (ready) {\n  run(1, 2);\n}\n\nend();\n';
  editor.edit({ offset: 0, removed: editor.text.length, text: formatted });
  editor.wait(30_000);
  assert.equal(editor.last().kept[0], 23);
  // The call is cut here and pasted at the end.
  const call = editor.text.indexOf('  run');
  editor.edit({ offset: call, removed: 13, text: '' });
  editor.insert(editor.text.length, 'run(1, 2);\n');
  editor.wait(90_000);
  assert.equal(editor.last().kept[1], 23);
  editor.edit({ offset: editor.text.length - 11, removed: 11, text: '' });
  assert.ok(editor.end().kept[2]! < 23);
});

test('a line that was in the document before does not count as moved', () => {
  const editor = new Editor('log(value);\n');
  editor.show('log(value);\n', 12);
  editor.insert(12, 'log(value);\n');
  editor.edit({ offset: 12, removed: 12, text: '' });
  assert.equal(editor.end().kept[0], 0);
});

test('other files, a renamed file, a deleted file, a closed file', () => {
  const editor = new Editor();
  editor.show('abc def', 0);
  editor.insert(0, 'abc def');
  editor.tracker.change('file:///code/other.ts', [{ offset: 0, removed: 7, text: '' }], editor.at);
  editor.wait(30_000);
  assert.equal(editor.last().kept[0], 7);
  editor.tracker.rename(URI, 'file:///code/renamed.ts');
  editor.tracker.change('file:///code/renamed.ts', [{ offset: 0, removed: 4, text: '' }], editor.at);
  editor.wait(90_000);
  assert.equal(editor.last().kept[1], 4); // 'def' of 'abcdef', as a share of seven characters
  editor.tracker.remove('file:///code/renamed.ts', editor.at);
  assert.deepEqual(editor.last().kept, [7, 4, 0]);
  assert.equal(editor.tracker.waits(), false);
});

const WORDS = fc.constantFrom(
  'const',
  'value',
  ' = ',
  'call(',
  ');\n',
  'return ',
  '  ',
  'x1',
  '/*',
  'ümlaut',
  '"text"',
);
const TEXT = fc.array(WORDS, { maxLength: 12 }).map((parts) => parts.join(''));
/** A place in a document, as a share of its length. */
const PLACE = fc.double({ min: 0, max: 1, noNaN: true });

test('property: keys are never counted as accepted, and a text that is typed to its end is told as typed', () => {
  fc.assert(
    fc.property(TEXT, PLACE, TEXT, (document, place, ghost) => {
      const editor = new Editor(document);
      const offset = Math.floor(place * document.length);
      editor.show(ghost, offset);
      editor.type(offset, ghost, 100);
      assert.equal(editor.text, document.slice(0, offset) + ghost + document.slice(offset));
      const uses = editor.told;
      assert.ok(uses.every(({ accepted }) => accepted.characters === 0));
      if (ghost.length * 100 > 2 * SEEN_MS) assert.equal(uses.at(-1)!.outcome, 'typed');
      editor.end();
    }),
  );
});

test('property: what comes in by parts of several characters is accepted, wherever other edits are made meanwhile', () => {
  const parts = fc.array(fc.constantFrom('const', ' value', ' = call', '(x1)', ';\nreturn', ' "text"'), { minLength: 1, maxLength: 8 }); // prettier-ignore
  const others = fc.array(fc.tuple(PLACE, PLACE, TEXT), { maxLength: 6 });
  fc.assert(
    fc.property(TEXT, TEXT, parts, others, (before, after, accepted, edits) => {
      const editor = new Editor(`${before}\n|\n\n${after}`);
      let at = before.length + 3;
      const ghost = accepted.join('');
      editor.show(ghost, at);
      for (const part of accepted) {
        editor.insert(at, part);
        at += part.length;
        // An edit of the text before, and one of the text after; never at the place itself.
        const [where, much, text] = edits[at % (edits.length || 1)] ?? [0, 0, ''];
        const head = editor.text.indexOf('|') - 1;
        const offset = Math.floor(where * head);
        const removed = Math.floor(much * (head - offset));
        editor.edit({ offset, removed, text: text.replaceAll('|', '') });
        at += text.replaceAll('|', '').length - removed;
        editor.edit({ offset: editor.text.length, removed: 0, text });
      }
      assert.deepEqual(brief(editor.last()).slice(0, 2), ['accepted', ghost.length]);
      assert.ok(editor.text.includes(`|\n${ghost}`));
      editor.wait(600_000);
      assert.deepEqual(editor.last().kept, [ghost.length, ghost.length, ghost.length]);
    }),
  );
});

test('property: whatever happens to a document, kept is never more than accepted, and nothing is told twice as over', () => {
  const step = fc.tuple(fc.constantFrom('edit', 'show', 'accept', 'wait', 'all'), PLACE, PLACE, TEXT);
  fc.assert(
    fc.property(TEXT, fc.array(step, { maxLength: 30 }), (document, steps) => {
      const editor = new Editor(document);
      let ghost: { text: string; at: number } | undefined;
      for (const [what, one, two, text] of steps) {
        const at = Math.floor(one * editor.text.length);
        if (what === 'edit') editor.edit({ offset: at, removed: Math.floor(two * (editor.text.length - at)), text });
        else if (what === 'show') {
          ghost = { text, at };
          editor.show(text, at);
        } else if (what === 'accept' && ghost !== undefined && ghost.at <= editor.text.length)
          editor.insert(ghost.at, ghost.text);
        else if (what === 'all') editor.edit({ offset: 0, removed: editor.text.length, text: editor.text + text });
        else editor.wait(Math.floor(one * 200_000));
      }
      editor.end();
      for (const { accepted, kept, characters } of editor.told) {
        assert.ok(accepted.characters <= characters, `${accepted.characters} of ${characters}`);
        for (const still of kept) assert.ok(still === null || (still >= 0 && still <= accepted.characters));
      }
      const over = new Map(editor.told.map((use) => [use.shown.number, use]));
      for (const use of over.values()) assert.notEqual(use.outcome, 'open');
    }),
  );
});
