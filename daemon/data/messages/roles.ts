/** What tools and providers call the speakers, and the role that chat templates know. Names are compared in lower case. */
export const ROLES: Readonly<Record<string, string>> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  human: 'user',
  prompter: 'user',
  question: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  model: 'assistant',
  bot: 'assistant',
  chatbot: 'assistant',
  ai: 'assistant',
  answer: 'assistant',
  tool: 'tool',
  tools: 'tool',
  function: 'tool',
  observation: 'tool',
  function_response: 'tool',
  tool_response: 'tool',
  tool_result: 'tool',
  ipython: 'ipython',
  function_call: 'assistant',
  tool_call: 'assistant',
  tool_calls: 'assistant',
};

/** Names of a turn whose text is the JSON of a call. */
const CALLS = ['function_call', 'tool_call', 'tool_calls'];

/** The role that a name means; undefined if no tool uses it. */
export const roleNamed = (name: string): string | undefined => {
  const key = name.trim().toLowerCase();
  return Object.hasOwn(ROLES, key) ? ROLES[key] : undefined;
};

export const isCallTurn = (name: string): boolean => CALLS.includes(name.trim().toLowerCase());
