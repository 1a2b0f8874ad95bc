import * as vscode from 'vscode';
import type { AnsweringModel } from '../../daemon/protocol/generation.ts';
import { type App, workspaceFolder } from '../app.ts';
import { COMMANDS, PARTICIPANT } from '../contributions.ts';
import { isQuiet } from '../quiet.ts';
import { oneLine } from '../text.ts';
import { baseLabel } from '../tuning/baseLabel.ts';
import { generate, sentenceOf } from './generate.ts';
import { latestTurns } from './history.ts';

/** Most tokens of an answer. */
const ANSWER_TOKENS = 1024;

/** @vera in VS Code's chat: the active adapter answers, also where chat models cannot be chosen. */
export function registerParticipant(app: App): void {
  const { createChatParticipant: create } = (vscode.chat ?? {}) as Partial<typeof vscode.chat>;
  if (create === undefined) return app.log.info('this editor has no chat participants');
  const participant = create(PARTICIPANT, (request, context, stream, token) =>
    answer(app, request, context, stream, token),
  );
  participant.iconPath = new vscode.ThemeIcon('layers');
  app.context.subscriptions.push(participant);
}

async function answer(
  app: App,
  { prompt }: vscode.ChatRequest,
  { history }: vscode.ChatContext,
  stream: vscode.ChatResponseStream,
  token: vscode.CancellationToken,
): Promise<vscode.ChatResult> {
  let text = '';
  try {
    const workspace = workspaceFolder();
    const whose = workspace === undefined ? {} : { workspace };
    const { abilities, limits } = await app.daemon.call(({ generation }) => generation.describe, whose);
    for (const limit of limits.chat) stream.markdown(`*${limit}*\n\n`);
    // A base without a chat template continues the text.
    const asked =
      abilities?.chat === false
        ? { text: prompt }
        : {
            messages: [...latestTurns(turnsOf(history), abilities?.maxLength ?? 0), { role: 'user', content: prompt }],
          };
    await generate(
      app,
      { prompt: asked, ...whose, maxTokens: Math.min(ANSWER_TOKENS, (abilities?.maxLength ?? 2 * ANSWER_TOKENS) >> 1) },
      {
        model: (model) => stream.markdown(whoAnswers(model)),
        text: (part) => {
          text += part;
          stream.markdown(part);
        },
      },
      token,
    );
  } catch (error) {
    if (!token.isCancellationRequested && !isQuiet(error)) {
      if ((error as { code?: unknown }).code === 'missing')
        stream.button({ command: COMMANDS.pickAdapter, title: 'Choose Active Adapter...' });
      return { errorDetails: { message: sentenceOf(error) } };
    }
  }
  return { metadata: { text } };
}

/** '**notes** on SmolLM2:', with names as text and not as markup. */
function whoAnswers({ adapter, base }: AnsweringModel): vscode.MarkdownString {
  const said = new vscode.MarkdownString();
  const on = oneLine(baseLabel(base));
  if (adapter === null) return said.appendText(on).appendMarkdown(':\n\n');
  return said
    .appendMarkdown('**')
    .appendText(oneLine(adapter.name))
    .appendMarkdown('** on ')
    .appendText(on)
    .appendMarkdown(':\n\n');
}

/** Questions with their answers, as the model wrote them: what we said ourselves around an answer is not part of it. */
function turnsOf(history: vscode.ChatContext['history']): [string, string][] {
  return history.flatMap((turn, i): [string, string][] => {
    const before = history[i - 1];
    if (!(turn instanceof vscode.ChatResponseTurn) || !(before instanceof vscode.ChatRequestTurn)) return [];
    const said: unknown = turn.result.metadata?.['text'];
    return typeof said === 'string' && said !== '' ? [[before.prompt, said]] : [];
  });
}
