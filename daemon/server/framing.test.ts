import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headerOf, messagesOf } from './framing.ts';

const framed = (message: Buffer): Buffer => Buffer.concat([Buffer.from(headerOf(message.length)), message]);

test('messages are the same however their stream is cut, with headers of any kind', () => {
  const message = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const header = fc.constantFrom('', 'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(message, header), { maxLength: 6 }),
      fc.array(fc.nat(400), { maxLength: 20 }),
      (sent, cuts) => {
        const stream = Buffer.concat(sent.map(([one, more]) => Buffer.concat([Buffer.from(more), framed(one)])));
        const read: Buffer[] = [];
        const take = messagesOf(300, (one) => read.push(one));
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          take(stream.subarray(at, at + cut));
          at = Math.min(stream.length, at + cut);
        }
        assert.deepEqual(
          read,
          sent.map(([one]) => one),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('what is too long, has no length or no end is refused before it is kept', () => {
  const refused = (text: string): void =>
    assert.throws(() => messagesOf(100, () => assert.fail(text))(Buffer.from(text)), Error, text.slice(0, 50));
  refused('Content-Length: 101\r\n\r\n');
  refused('Content-Length: 99999999999999999999\r\n\r\n');
  refused('Content-Length: -1\r\n\r\n');
  refused('Content-Length: 1e1\r\n\r\n');
  refused('Content-Type: x\r\n\r\n{}');
  refused('x'.repeat(5000));
  refused('\r\n\r\n');
});
