/** A dataset for the pictures: facts about a project, with several questions for each. */
const SERVICES = [
  ...[
    'billing',
    'search',
    'mail',
    'login',
    'images',
    'reports',
    'export',
    'audit',
    'orders',
    'stock',
    'prices',
    'carts',
  ],
  ...['payments', 'refunds', 'labels', 'parcels', 'returns', 'vouchers', 'reviews', 'alerts', 'metrics', 'backups'],
];
const LANGUAGES = ['TypeScript', 'Go', 'Python', 'Rust'];
const STORES = ['PostgreSQL', 'SQLite', 'Redis', 'DuckDB'];
const TEAMS = ['Harbour', 'Lantern', 'Meadow', 'Summit', 'River'];
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday'];

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
    [
      [`Who owns ${name}?`, `Which team looks after ${name}?`, `Whom do I ask about ${name}?`],
      `The ${name} service belongs to team ${TEAMS[(2 * i) % TEAMS.length]!}.`,
    ],
    [
      [`When is ${name} released?`, `On which day does ${name} go out?`, `When can I ship ${name}?`],
      `The ${name} service is released on ${DAYS[(3 * i) % DAYS.length]!}.`,
    ],
    [
      [`Where are the logs of ${name}?`, `Where does ${name} write its logs?`, `Which file has the logs of ${name}?`],
      `The ${name} service writes its logs to /var/log/${name}.log.`,
    ],
  ];
}

/** So many rows of JSONL, 396 of them different, each a prompt and its completion. */
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

/** Files of code that all say the same, so that an adapter learns it in seconds. */
export function small(called: string, text: string): Record<string, string> {
  const names = ['total', 'price', 'stock', 'parcel', 'label', 'order', 'refund', 'ticket', 'review', 'invoice'];
  const code = `${called}(value, "${text}");\n${called}.close("${text}");\n`;
  return Object.fromEntries(names.map((name) => [`${called}/${name}.ts`, code]));
}
