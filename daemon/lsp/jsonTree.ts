import type { FieldPath } from '../data/row.ts';
import { MAX_JSON_DEPTH } from '../data/readers/jsonRow.ts';

/** A JSON value and its place: half-open offsets into the text. */
export interface JsonNode {
  start: number;
  end: number;
  kind: 'object' | 'list' | 'string' | 'number' | 'boolean' | 'null';
  /** Members of an object, in their order. */
  members?: { name: string; key: { start: number; end: number }; value: JsonNode }[];
  items?: JsonNode[];
}

/** Why a text is not JSON, and the place of the error. */
export interface JsonFault {
  at: number;
  message: string;
}

/**
 * Parses a JSON text into a tree with the place of every value, or gives the first error in plain words. It is as strict as
 * JSON.parse, and refuses text nested deeper than MAX_JSON_DEPTH.
 */
export function parseTree(text: string): { root: JsonNode } | { fault: JsonFault } {
  try {
    return { root: new Parser(text).whole() };
  } catch (error) {
    if (error instanceof Fault) return { fault: { at: Math.min(error.at, text.length), message: error.message } };
    throw error;
  }
}

class Fault extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const HEX = /^[0-9a-fA-F]{4}$/;

class Parser {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  whole(): JsonNode {
    this.space();
    const root = this.value(0);
    this.space();
    if (this.at < this.text.length)
      throw new Fault(this.at, 'there is more text after the end of the object; write one row per line');
    return root;
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return;
      this.at++;
    }
  }

  private value(depth: number): JsonNode {
    if (depth > MAX_JSON_DEPTH) throw new Fault(this.at, `nested deeper than ${MAX_JSON_DEPTH} levels`);
    const start = this.at;
    const character = this.text[start];
    switch (character) {
      case undefined:
        throw new Fault(start, 'the line ends where a value is expected');
      case '{':
        return this.object(depth);
      case '[':
        return this.list(depth);
      case '"':
        this.string();
        return { kind: 'string', start, end: this.at };
      case "'":
        throw new Fault(start, 'JSON strings need double quotes');
    }
    NUMBER.lastIndex = start;
    if (NUMBER.test(this.text)) {
      this.at = NUMBER.lastIndex;
      return { kind: 'number', start, end: this.at };
    }
    WORD.lastIndex = start;
    const word = WORD.exec(this.text)?.[0];
    if (word === 'true' || word === 'false' || word === 'null') {
      this.at += word.length;
      return { kind: word === 'null' ? 'null' : 'boolean', start, end: this.at };
    }
    if (word === 'None' || word === 'True' || word === 'False') {
      throw new Fault(start, `${word} is Python; in JSON write ${word === 'None' ? 'null' : word.toLowerCase()}`);
    }
    throw new Fault(start, `${JSON.stringify(word?.slice(0, 40) ?? character)} is not a JSON value`);
  }

  private object(depth: number): JsonNode {
    const start = this.at++;
    const members: NonNullable<JsonNode['members']> = [];
    for (;;) {
      this.space();
      if (this.text[this.at] === '}' && members.length === 0) break;
      if (this.text[this.at] !== '"') throw new Fault(this.at, this.notKey(members.length > 0));
      const begin = this.at;
      const name = this.string();
      const key = { start: begin, end: this.at };
      this.space();
      if (this.text[this.at] !== ':') throw new Fault(this.at, 'there is no colon after the name of the field');
      this.at++;
      this.space();
      members.push({ name, key, value: this.value(depth + 1) });
      this.space();
      if (this.text[this.at] === '}') break;
      if (this.text[this.at] !== ',') throw new Fault(this.at, this.unfinished('object', '}'));
      this.at++;
    }
    this.at++;
    return { kind: 'object', start, end: this.at, members };
  }

  private list(depth: number): JsonNode {
    const start = this.at++;
    const items: JsonNode[] = [];
    for (;;) {
      this.space();
      if (this.text[this.at] === ']') {
        if (items.length === 0) break;
        throw new Fault(this.at, 'remove the comma before the end of the list');
      }
      items.push(this.value(depth + 1));
      this.space();
      if (this.text[this.at] === ']') break;
      if (this.text[this.at] !== ',') throw new Fault(this.at, this.unfinished('list', ']'));
      this.at++;
    }
    this.at++;
    return { kind: 'list', start, end: this.at, items };
  }

  private notKey(more: boolean): string {
    const found = this.text[this.at];
    if (found === undefined) return 'the line ends inside an object';
    if (found === '}' && more) return 'remove the comma before the end of the object';
    return 'the name of a field is expected here, in double quotes';
  }

  private unfinished(what: 'object' | 'list', close: string): string {
    if (this.at >= this.text.length) return `the ${what} is not closed: ${close} is missing`;
    return `a comma or ${close} is expected here`;
  }

  /** Reads a string and returns its value. */
  private string(): string {
    const start = this.at++;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (Number.isNaN(code)) throw new Fault(start, 'the string that begins here is not closed');
      if (code < 0x20) {
        const shown = code.toString(16).padStart(4, '0');
        throw new Fault(this.at, `this string contains a control character; write it as \\u${shown}`);
      }
      if (code === 0x22) break;
      if (code === 0x5c) this.escape();
      else this.at++;
    }
    this.at++;
    return JSON.parse(this.text.slice(start, this.at)) as string;
  }

  private escape(): void {
    const next = this.text[this.at + 1] ?? '';
    if (next === 'u') {
      if (!HEX.test(this.text.slice(this.at + 2, this.at + 6)))
        throw new Fault(this.at, '\\u needs four hexadecimal digits');
      this.at += 6;
    } else if ('"\\/bfnrt'.includes(next) && next !== '') this.at += 2;
    else throw new Fault(this.at, `\\${next} is not an escape in JSON; write \\\\ for a backslash`);
  }
}

/** The member of an object by name. Of equal names it is the last, as in JSON.parse. */
const memberOf = (
  node: JsonNode | undefined,
  name: string,
): { key: { start: number; end: number }; value: JsonNode } | undefined =>
  node?.members?.findLast((member) => member.name === name);

/** The value at a path, and the deepest value on the way that exists. */
export function follow(root: JsonNode, path: FieldPath): { node?: JsonNode; deepest: JsonNode } {
  let deepest = root;
  for (const step of path) {
    const next = typeof step === 'number' ? deepest.items?.[step] : memberOf(deepest, step)?.value;
    if (next === undefined) return { deepest };
    deepest = next;
  }
  return { node: deepest, deepest };
}

/** The path to the innermost value that contains `offset`. */
export function pathAt(root: JsonNode, offset: number): (string | number)[] {
  const path: (string | number)[] = [];
  for (let node: JsonNode | undefined = root; node;) {
    const members: NonNullable<JsonNode['members']> = node.members ?? [];
    const member = members.find(({ key, value }) => offset >= key.start && offset < value.end);
    const index: number = (node.items ?? []).findIndex(({ start, end }) => offset >= start && offset < end);
    if (member) {
      path.push(member.name);
      node = member.value;
    } else if (index >= 0) {
      path.push(index);
      node = node.items![index];
    } else break;
  }
  return path;
}
