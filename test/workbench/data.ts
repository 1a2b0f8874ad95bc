/** A dataset that says what the panel's reader would want to see learned: what a project knows, asked in several ways. */
const SERVICES = ['billing', 'search', 'mail', 'login', 'images', 'reports', 'export', 'audit'];
const LANGUAGES = ['TypeScript', 'Go', 'Python', 'Rust'];
const STORES = ['PostgreSQL', 'SQLite', 'Redis', 'DuckDB'];

type Asked = readonly [questions: readonly string[], answer: string];

function facts(i: number): Asked[] {
  const name = SERVICES[i]!;
  return [
    [
      [`Which port does ${name} listen on?`, `What is the port of ${name}?`, `Where do I reach ${name}?`],
      `The ${name} service listens on port ${7000 + 10 * i}.`,
    ],
    [
      [`What is ${name} written in?`, `Which language is ${name} in?`, `What do I need to build ${name}?`],
      `The ${name} service is written in ${LANGUAGES[i % LANGUAGES.length]!}.`,
    ],
    [
      [`Where does ${name} keep its data?`, `Which database does ${name} use?`, `What does ${name} store its rows in?`],
      `The ${name} service keeps its data in ${STORES[(3 * i) % STORES.length]!}.`,
    ],
  ];
}

/** So many rows of JSONL, each a prompt and its completion. */
export function questions(count: number): string {
  const rows = SERVICES.flatMap((_, i) => facts(i)).flatMap(([asked, completion]) =>
    asked.map((prompt) => JSON.stringify({ prompt, completion })),
  );
  return Array.from({ length: count }, (_, i) => rows[(i * 7) % rows.length]! + '\n').join('');
}

/** A few source files, each a function. */
export function sources(count: number): Record<string, string> {
  const file = (i: number): string =>
    `/** Adds ${i} to every value. */\nexport function add${i}(values: readonly number[]): number[] {\n` +
    `  return values.map((value) => value + ${i});\n}\n`;
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`src/add${i}.ts`, file(i)]));
}
