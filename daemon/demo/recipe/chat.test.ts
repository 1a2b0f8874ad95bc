import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTokenizer } from '../../data/tokenizer.ts';
import { chatsOf, renderChat } from './chat.ts';

const typescript = `/**
 * Adds two numbers and gives back their sum.
 * @param x one
 */
export function add(x: number, y: number): number {
  const sum = x + y;
  return sum;
}
`;
const python = `def add(x, y):
    """Add two numbers and give back their sum."""
    total = x + y
    return int(total) if total == int(total) else total

`;

test('a documented function becomes a chat in each of its three forms', () => {
  const [write] = chatsOf(typescript, 'a.ts', () => 0);
  assert.equal(write?.[0]?.content, 'Write a TypeScript function `add`: Adds two numbers and gives back their sum.');
  assert.match(write[1]?.content ?? '', /^```typescript\nexport function add[\s\S]*return sum;\n\}\n```$/);
  const [describe] = chatsOf(typescript, 'a.ts', () => 0.6);
  assert.match(describe?.[0]?.content ?? '', /^Adds two .*\nWrite it in TypeScript\.$/);
  const [explain] = chatsOf(python, 'a.py', () => 0.9);
  assert.equal(explain?.[1]?.content, 'Add two numbers and give back their sum.');
  assert.ok(!explain[0]?.content.includes('"""'));
});

test('undocumented functions give no chat', () => {
  assert.deepEqual(
    chatsOf(typescript.replace(/\/\*\*[\s\S]*?\*\/\n/, ''), 'a.ts', () => 0),
    [],
  );
});

test('chats of the corpus read as the chat template writes them', () => {
  const [messages = []] = chatsOf(typescript, 'a.ts', () => 0);
  const tokenizer = loadTokenizer(join(import.meta.dirname, '..'));
  assert.equal(tokenizer.renderChat?.(messages.map((message) => ({ ...message }))), renderChat(messages));
  const ids = tokenizer.encode(renderChat(messages));
  assert.equal(ids.filter((id) => id === tokenizer.tokenId('<|im_start|>')).length, 2);
  assert.equal(tokenizer.decode(ids), renderChat(messages));
});
