import { z } from 'zod';
import { KINDS } from '../../daemon/jobs/kinds/registry.ts';
import { ERROR_CODES } from '../../daemon/protocol/errors.ts';
import { CANCEL, progressed, PROTOCOL, REQUEST_CANCELLED } from '../../daemon/protocol/method.ts';
import { FEATURES, methodsOf, notificationsOf } from '../../daemon/protocol/registry.ts';
import { ref } from '../../daemon/protocol/values.ts';
import { CLOSE, LANGUAGE_PATH } from '../../daemon/protocol/language.ts';
import { LIMITS } from '../../daemon/server/limits.ts';

/** What is said of a method that may be called again where its answer was lost. */
const REPEATABLE: Readonly<Record<string, string>> = {
  true: ' *Repeatable.*',
  'with a key': ' *Repeatable with a `key`.*',
  false: '',
};

type Json = z.core.JSONSchema.JSONSchema;

const MAX_INLINE = 88; // characters of a type that still reads well in one line
const PATTERNS: Record<string, string> = {
  '^[0-9a-f]{64}$': 'sha256',
  '^job\\/': '"job/NUMBER"',
};

/** docs/protocol.md: every method and notification with what goes in and comes out, as the schemas have it. */
export function protocolPage(): string {
  const named = namedSchemas();
  const chapters = Object.entries(FEATURES).map(([title, feature]) => {
    const entries = [
      ...methodsOf(feature).map(({ name, summary, params, result, repeatable, progress }) =>
        section(name, `${summary}${REPEATABLE[String(repeatable)]}`, [
          ['Params', shape(params, 'input', named)],
          ...(progress === undefined ? [] : [['Progress', shape(progress, 'output', named)] as [string, string]]),
          ['Result', shape(result, 'output', named)],
        ]),
      ),
      ...notificationsOf(feature).map(({ name, summary, params }) =>
        section(`${name} (notification)`, summary, [['Params', shape(params, 'output', named)]]),
      ),
    ];
    if (title === 'jobs') entries.push(...kindSections(named));
    return `## ${title[0]!.toUpperCase()}${title.slice(1)}\n\n${entries.join('\n\n')}`;
  });
  const types = [...named].map(([schema, name]) => `### ${name}\n\n${definition(schema, named)}`);
  return `${[introduction(), ...chapters, `## Types\n\n${types.join('\n\n')}`].join('\n\n')}\n`;
}

/** The spec of every kind of job. */
const kindSections = (named: Map<z.ZodType, string>): string[] =>
  KINDS.map(({ name, summary, spec }) =>
    section(`Jobs of kind ${name}`, `A job of this kind ${summary}.`, [['Spec', shape(spec, 'input', named)]]),
  );

function introduction(): string {
  const kib = (bytes: number): string => `${bytes / 1024} KiB`;
  return `# Protocol

Generated from \`daemon/protocol/\` by \`npm run docs\`; a test holds it to the schemas. Protocol ${PROTOCOL}.

The daemon listens on 127.0.0.1. Its port and token are in the file \`daemon/daemon.json\` of the state folder (\`VERA_HOME\`, by default
\`~/.vera\`), which only its user can read. Every request, HTTP or WebSocket, must have the header \`Authorization: Bearer TOKEN\` and the Host
\`127.0.0.1:PORT\` or \`localhost:PORT\`, and must have no Origin.

The daemon speaks JSON-RPC 2.0 over a WebSocket at \`/rpc\`. Each text frame is one message of at most ${kib(LIMITS.frameBytes)}. A client sends
requests and \`${CANCEL}\`, nothing else; a message that is not JSON-RPC ends the connection. Params are objects, and an unknown param is
refused. An error has a message for people and \`data.code\`, which is one of ${ERROR_CODES.map((code) => `\`${code}\``).join(', ')}.

You may call a method that is marked *repeatable* again if the answer was lost: the second call changes nothing more.

\`${CANCEL}\` with the \`id\` of a request cancels it. The daemon stops working on it and answers with error ${REQUEST_CANCELLED} and \`data.code\` "cancelled".
If the request was done already, the answer is its result. All requests of a connection are cancelled when it closes.

A method with *Progress* can send values before its answer. To receive them, put a number \`progress\` into the params; no other request of the
connection may use the same number at that time. Each value is a notification \`${progressed.name}\` with \`{token, value}\`, where \`token\` is that
number. Values come in order and before the answer, and are stored nowhere. The daemon waits for a client that reads slowly.

A subscription is a position in the log of events. After a broken connection, subscribe again with \`after\`, the number of the last event that you
received: then no event is missed and none comes twice. The daemon sends no events to a client that does not read. If a client is more than
${LIMITS.lag.toLocaleString('en')} events behind, it gets \`events.skipped\` with the latest state of the jobs (at most ${LIMITS.skippedJobs}) and continues from there.

The daemon also speaks the Language Server Protocol, over a WebSocket at \`${LANGUAGE_PATH}\`. Each text frame is one message of at most ${LIMITS.languageFrameBytes / 2 ** 20} MiB.
Each connection has a server process of its own. At most ${LIMITS.languageClients} can be open; the next one is answered with 503. The close code is ${CLOSE.normal} after
\`exit\`, ${CLOSE.malformed} after something that is not a message, ${CLOSE.failed} if the server failed, and ${CLOSE.goingAway} if the daemon ends. \`vera lsp --stdio\` serves
without a daemon.

| HTTP | |
| --- | --- |
| \`GET /health\` | \`{status: "ok" or "draining", pid, startedAt}\`; an error if the catalog cannot be read |
| \`GET /version\` | \`{version, protocol}\` |
| \`GET /metrics\` | counts and times for Prometheus |
| \`POST /uploads?name=NAME\` | takes a file as \`application/octet-stream\`, of at most ${LIMITS.uploadBytes / 2 ** 30} GiB: \`{path, bytes, sha256}\` |
| \`GET /downloads/adapters/NUMBER\` | an adapter as one file, as \`adapters.pack\` writes it |
| \`GET /v1/models\`, \`GET /v1/models/NAME\` | the models that can be named, as OpenAI's API lists them |
| \`POST /v1/chat/completions\`, \`POST /v1/completions\` | answers as OpenAI's API gives them, at most ${LIMITS.answers} at once; [serving.md](serving.md) says what is offered |
| \`POST /infill\` | fills a gap in code, as llama.cpp's server does |

In the types below, \`?\` marks a field that you may leave out, \`=\` is its default, \`...\` stands for other fields, and \`|\` means "or". Strings and
lists have their allowed length. Times are milliseconds since 1970.`;
}

/** The text of a named schema itself, in which the others are named. */
function definition(schema: z.ZodType, named: Map<z.ZodType, string>): string {
  const others = new Map([...named].filter(([one]) => one !== schema));
  return shape(schema, schema === ref ? 'input' : 'output', others).trimStart();
}

const section = (name: string, summary: string, parts: [string, string][]): string =>
  `### ${name}\n\n${summary}\n\n${parts.map(([title, text]) => `${title}:${text.startsWith('\n') ? '' : ' '}${text}`).join('\n\n')}`;

/** Schemas that the protocol exports and uses by name: a feature's rows, jobs, events. */
function namedSchemas(): Map<z.ZodType, string> {
  const named = new Map<z.ZodType, string>([[ref, 'Ref']]);
  for (const feature of Object.values(FEATURES)) {
    for (const [name, thing] of Object.entries(feature)) {
      if (!(thing instanceof z.ZodType) || !['object', 'union'].includes(thing._zod.def.type)) continue;
      if (!named.has(thing)) named.set(thing, name[0]!.toUpperCase() + name.slice(1));
    }
  }
  return named;
}

const json = (schema: z.ZodType, io: 'input' | 'output'): Json =>
  z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });

/** The type of a schema; parts with a name of their own are named. */
function shape(schema: z.ZodType, io: 'input' | 'output', named: Map<z.ZodType, string>): string {
  const texts = new Map([...named].map(([one, name]) => [keyOf(json(one, io)), name]));
  const root = json(schema, io);
  return block(typeOf(root, texts));
}

/** Equal for equal schemas, whatever number the definition of JSON has in them. */
const keyOf = ({ $schema: _schema, $defs: _defs, ...rest }: Json): string =>
  JSON.stringify(rest).replaceAll(/__schema\d+/g, '__schema');

function block(type: string): string {
  return type.includes('\n') ? `\n\n\`\`\`\n${type}\n\`\`\`` : `\`${type}\``;
}

/** A JSON Schema as a type that people read. */
function typeOf(schema: Json | boolean, names: Map<string, string>, depth = 0): string {
  if (typeof schema === 'boolean') return 'anything';
  const name = names.get(keyOf(schema));
  if (name !== undefined) return name;
  const inner = (one: Json | boolean): string => typeOf(one, names, depth + 1);
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return unionOf(options.map(inner));
  if (schema.enum !== undefined) return unionOf(schema.enum.map((value) => JSON.stringify(value)));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.type)) return unionOf(schema.type.map((type) => inner({ ...schema, type })));
  switch (schema.type) {
    case 'object':
      return objectOf(schema, inner, depth);
    case 'array':
      return arrayOf(schema, inner);
    case 'string':
      return stringOf(schema);
    case 'integer':
    case 'number':
      return numberOf(schema);
    case undefined:
      return 'anything';
    default:
      return schema.type;
  }
}

const unionOf = (types: string[]): string => [...new Set(types)].join(' | ');

function objectOf(schema: Json, inner: (one: Json | boolean) => string, depth: number): string {
  const properties = Object.entries(schema.properties ?? {});
  const rest = schema.additionalProperties;
  if (properties.length === 0) return schema.propertyNames === undefined ? '{}' : '{ any JSON }';
  const required = new Set(schema.required ?? []);
  const fields = properties.map(([key, value]) => {
    const preset =
      typeof value === 'object' && value.default !== undefined ? ` = ${JSON.stringify(value.default)}` : '';
    return `${key}${required.has(key) ? '' : '?'}: ${inner(value)}${preset}`;
  });
  if (typeof rest === 'object' && Object.keys(rest).length > 0) fields.push(`[setting]: ${inner(rest)}`);
  else if (typeof rest === 'object') fields.push('...');
  const line = `{ ${fields.join(', ')} }`;
  if (line.length <= MAX_INLINE && !line.includes('\n')) return line;
  const indent = '  '.repeat(depth);
  return `{\n${fields.map((field) => `${indent}  ${field}`).join('\n')}\n${indent}}`;
}

function arrayOf(schema: Json, inner: (one: Json | boolean) => string): string {
  const item = schema.items === undefined || Array.isArray(schema.items) ? 'anything' : inner(schema.items);
  const { minItems = 0, maxItems } = schema;
  const range = maxItems === undefined ? '' : ` of ${minItems}..${maxItems}`;
  return `${/ /.test(item) && !item.startsWith('{') ? `(${item})` : item}[]${range}`;
}

function stringOf({ pattern, minLength, maxLength }: Json): string {
  const known = Object.entries(PATTERNS).find(([start]) => pattern?.startsWith(start));
  if (known !== undefined) return known[1];
  return maxLength === undefined ? 'string' : `string of ${minLength ?? 0}..${maxLength}`;
}

function numberOf({ type, minimum, maximum, exclusiveMinimum }: Json): string {
  const [low, high] = [minimum, maximum].map((bound) =>
    Math.abs(bound ?? Infinity) >= Number.MAX_SAFE_INTEGER ? undefined : bound,
  );
  const what = type === 'integer' ? 'int' : 'number';
  if (low !== undefined && high !== undefined) return `${what} ${low}..${high}`;
  if (low !== undefined) return `${what} >= ${low}`;
  return exclusiveMinimum === 0 ? `${what} >= 1` : what;
}
