import * as vscode from 'vscode';
import { type App, hasBegun, workspaceFolder } from '../app.ts';
import { CHAT_VENDOR } from '../contributions.ts';
import { soonest } from '../listing.ts';
import { isQuiet } from '../quiet.ts';
import { generate, sentenceOf } from './generate.ts';
import { messageOf, messagesOf } from './messages.ts';
import { type ChatModel, chatModels, choiceOf, LISTED } from './models.ts';

/** Key under which the list is remembered, so that a chosen model is still there when VS Code starts before the daemon. */
const REMEMBERED = 'chatModels';

/** Lists adapters and bases as chat models, so that VS Code's chat and other extensions can use them. Older editors have no such list. */
export function registerChatModels(app: App): void {
  const { context, daemon, log } = app;
  const { registerLanguageModelChatProvider: register } = (vscode.lm ?? {}) as Partial<typeof vscode.lm>;
  if (register === undefined) return log.info('this editor has no chat models of extensions');
  const changed = new vscode.EventEmitter<void>();
  const refresh = soonest(() => changed.fire(), 300);

  const list = async (): Promise<ChatModel[]> => {
    const workspace = workspaceFolder();
    const params = { ...LISTED, ...(workspace === undefined ? {} : { workspace }) };
    const offered = await daemon.call(({ generation }) => generation.models, params);
    const models = chatModels(offered);
    await context.workspaceState.update(REMEMBERED, models);
    return models;
  };
  const provider: vscode.LanguageModelChatProvider<ChatModel> = {
    onDidChangeLanguageModelChatInformation: changed.event,

    /** A silent question starts no daemon: it gets the last known list, and the new one follows with the change event. */
    async provideLanguageModelChatInformation({ silent }) {
      if (!hasBegun(app)) return [];
      const remembered = context.workspaceState.get<ChatModel[]>(REMEMBERED) ?? [];
      if (silent && daemon.state !== 'connected') return remembered;
      try {
        return await list();
      } catch (error) {
        log.info(`chat models are not known: ${sentenceOf(error)}`);
        if (silent) return remembered;
        throw error;
      }
    },

    async provideLanguageModelChatResponse(model, messages, { modelOptions, toolMode, tools }, progress, token) {
      try {
        if (toolMode === vscode.LanguageModelChatToolMode.Required && (tools?.length ?? 0) > 0)
          throw new Error('This model cannot use tools. Choose another model for an agent.');
        const params = {
          prompt: { messages: messagesOf(messages) },
          ...choiceOf(model.id, workspaceFolder()),
          ...{ maxTokens: model.maxOutputTokens, defaults: {}, ...optionsOf(modelOptions) },
        };
        await generate(app, params, { text: (text) => progress.report(new vscode.LanguageModelTextPart(text)) }, token);
      } catch (error) {
        if (token.isCancellationRequested || isQuiet(error)) throw new vscode.CancellationError();
        log.warn(`chat, ${model.name}: ${sentenceOf(error)}`);
        throw errorOf(error);
      }
    },

    async provideTokenCount(model, text) {
      const prompt = typeof text === 'string' ? { text } : { text: messageOf(text).content };
      const params = { prompt, ...choiceOf(model.id, workspaceFolder()) };
      return (await daemon.call(({ generation }) => generation.countTokens, params)).tokens;
    },
  };
  context.subscriptions.push(
    ...[changed, register(CHAT_VENDOR, provider)],
    daemon.onCatalog(({ kind }) => (kind === 'adapter' || kind === 'base' ? refresh() : undefined)),
    daemon.onRefresh(refresh),
    vscode.workspace.onDidChangeWorkspaceFolders(refresh),
  );
}

function errorOf(error: unknown): vscode.LanguageModelError {
  const message = sentenceOf(error);
  if ((error as { code?: unknown }).code === 'missing') return vscode.LanguageModelError.NotFound(message);
  return new vscode.LanguageModelError(message);
}

/** The usual names of settings for the next token. Others are ignored, as models of other extensions do. */
function optionsOf(options: { readonly [name: string]: unknown } | undefined): object {
  const number = (...names: string[]): number | undefined => {
    const value = names.map((name) => options?.[name]).find((one) => typeof one === 'number');
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  const named = {
    temperature: number('temperature'),
    topP: number('top_p', 'topP'),
    seed: number('seed'),
  };
  const sampling = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  const maxTokens = number('max_tokens', 'maxTokens');
  return {
    ...(Object.keys(sampling).length === 0 ? {} : { sampling }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
  };
}
