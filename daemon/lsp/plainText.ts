import { TextDocument, type TextDocumentContentChangeEvent } from 'vscode-languageserver-textdocument';
import type { Position } from 'vscode-languageserver-protocol';

/** A document with line feeds only, as inline completion reads it. Positions are the same as in the document itself. */
export interface PlainText {
  readonly uri: string;
  readonly languageId: string;
  text(): string;
  offsetAt(position: Position): number;
  /** Applies what a client sent. -> its changes, each in offsets of the text that the one before made. */
  change(changes: readonly TextDocumentContentChangeEvent[], version: number): Change[];
}

interface Change {
  readonly start: number;
  readonly removed: number;
  readonly inserted: string;
}

const plain = (text: string): string => text.replaceAll('\r\n', '\n');

export function plainText(uri: string, languageId: string, version: number, content: string): PlainText {
  let document = TextDocument.create(uri, languageId, version, plain(content));
  return {
    ...{ uri, languageId },
    text: () => document.getText(),
    offsetAt: (position) => document.offsetAt(position),
    change(changes, next) {
      return changes.map((change) => {
        const inserted = plain(change.text);
        const made =
          'range' in change
            ? between(document.offsetAt(change.range.start), document.offsetAt(change.range.end), inserted)
            : difference(document.getText(), inserted);
        const range = { start: document.positionAt(made.start), end: document.positionAt(made.start + made.removed) };
        document = TextDocument.update(document, [{ range, text: made.inserted }], next);
        return made;
      });
    },
  };
}

const between = (start: number, end: number, inserted: string): Change => ({ start, removed: end - start, inserted });

/** Where a new text differs from the old one. */
function difference(before: string, after: string): Change {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let end = 0;
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { start, removed: before.length - start - end, inserted: after.slice(start, after.length - end) };
}
