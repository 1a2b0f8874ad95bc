export interface Message {
  role: 'user' | 'assistant';
  content: string;
}

const MAX_CODE = 1400;
const MIN_CODE = 60;
const MAX_DOCUMENTATION = 400;

const DOCUMENTED_FUNCTION =
  /^\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n((?:export )?(?:default )?(?:async )?function\*? (\w+)[\s\S]*?\n\}|(?:export )?const (\w+)[^\n]*=>[\s\S]*?\n\};?)\n/gm;
const PYTHON_FUNCTION = /^((?:async )?def (\w+)\([^\n]*\):\n)    (?:r|R)?"""([\s\S]*?)"""\n((?:(?:    [^\n]*)?\n)+)/gm;

/** The first paragraph of a documentation comment, without its marks and tags, on one line. */
function firstParagraph(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trim());
  const start = lines.findIndex((line) => line !== '');
  const paragraph: string[] = [];
  for (const line of lines.slice(Math.max(start, 0))) {
    if (line === '' || line.startsWith('@')) break;
    paragraph.push(line);
  }
  return paragraph.join(' ').trim();
}

/**
 * Makes chats from the documented functions of one file: the documentation asks and the code answers, or the other way round. From
 * them the model learns the chat tokens; no text in them was written for this purpose.
 */
export function chatsOf(text: string, path: string, next: () => number): Message[][] {
  const language = path.endsWith('.py') ? 'Python' : /\.m?js$/.test(path) ? 'JavaScript' : 'TypeScript';
  const found =
    language === 'Python'
      ? [...text.matchAll(PYTHON_FUNCTION)].map(([, head, name, comment, body]) => ({
          name,
          comment,
          code: `${head ?? ''}${(body ?? '').trimEnd()}`,
        }))
      : [...text.matchAll(DOCUMENTED_FUNCTION)].map(([, comment, code, name, constant]) => ({
          name: name ?? constant,
          comment,
          code,
        }));
  const chats: Message[][] = [];
  for (const { name = '', comment = '', code = '' } of found) {
    const documentation = firstParagraph(comment);
    if (code.length < MIN_CODE || code.length > MAX_CODE) continue;
    if (documentation.length < 20 || documentation.length > MAX_DOCUMENTATION) continue;
    const block = `\`\`\`${language.toLowerCase()}\n${code}\n\`\`\``;
    const choice = next();
    const [question, answer] =
      choice < 0.5
        ? [`Write a ${language} function \`${name}\`: ${documentation}`, block]
        : choice < 0.75
          ? [`${documentation}\nWrite it in ${language}.`, block]
          : [`What does this ${language} function do?\n${block}`, documentation];
    chats.push([
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ]);
  }
  return chats;
}

/** The same text as the tokenizer's chat template makes of the messages (ChatML). */
export function renderChat(messages: Message[]): string {
  return messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join('');
}
