import { StreamMessageReader } from 'vscode-languageserver-protocol/node';
import type { DataCallback, Disposable, Message } from 'vscode-languageserver-protocol/node';
import { isObject } from '../formats/json.ts';

const MAX_METHOD = 200; // characters
const MAX_ID = 1000; // characters
/** The deepest nesting of lists and objects. Messages of editors have about ten levels, and handlers may be recursive. */
const MAX_DEPTH = 100;

/** Reads messages from a stream. Anything that is not a message is an error, like anything that is not JSON. */
export class CheckedReader extends StreamMessageReader {
  override listen(callback: DataCallback): Disposable {
    return super.listen((message) => {
      if (isMessage(message)) callback(message);
      else this.fireError(new Error('not a JSON-RPC 2.0 message'));
    });
  }
}

/** Whether a value has the form of a message. vscode-jsonrpc itself checks very little. */
function isMessage(value: unknown): value is Message {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return false;
  const { method, id, params } = value;
  if (isDeeperThan(MAX_DEPTH, value)) return false;
  if (method === undefined) return (id === null || isId(id)) && isAnswer(value);
  if (typeof method !== 'string' || method.length > MAX_METHOD || (id !== undefined && !isId(id))) return false;
  if (params !== undefined && (typeof params !== 'object' || params === null)) return false;
  return method !== '$/cancelRequest' || (isObject(params) && isId(params['id']));
}

const isId = (id: unknown): boolean =>
  typeof id === 'number' ? Number.isFinite(id) : typeof id === 'string' && id.length <= MAX_ID;

function isAnswer({ result, error }: Record<string, unknown>): boolean {
  if (error === undefined) return result !== undefined;
  return isObject(error) && typeof error['code'] === 'number' && typeof error['message'] === 'string';
}

/** Looks level by level instead of recursively, so that depth needs no stack. */
function isDeeperThan(limit: number, value: object): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    const next: object[] = [];
    for (const one of level)
      for (const part of Object.values(one) as unknown[])
        if (typeof part === 'object' && part !== null) next.push(part);
    level = next;
  }
  return false;
}
