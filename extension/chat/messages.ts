/** Messages of VS Code's chat as the daemon takes them. */
import * as vscode from 'vscode';

export interface Message {
  readonly role: string;
  readonly content: string;
}

/** Conversations of the daemon's models are text. Throws an error for people where a message has something else. */
export const messagesOf = (messages: readonly vscode.LanguageModelChatRequestMessage[]): Message[] =>
  messages.map(messageOf);

export const messageOf = ({ role, content }: vscode.LanguageModelChatRequestMessage): Message => ({
  role: roleOf(role),
  content: content.map(textOf).join(''),
});

function roleOf(role: vscode.LanguageModelChatMessageRole): string {
  if (role === vscode.LanguageModelChatMessageRole.User) return 'user';
  // A third role, of system messages, is not in the stable API yet.
  return role === vscode.LanguageModelChatMessageRole.Assistant ? 'assistant' : 'system';
}

function textOf(part: unknown): string {
  if (part instanceof vscode.LanguageModelTextPart) return part.value;
  if (part instanceof vscode.LanguageModelDataPart) {
    if (part.mimeType.startsWith('text/')) return new TextDecoder().decode(part.data);
    // VS Code adds marks of its own, which no model reads.
    if (!/^(image|audio|video)\//.test(part.mimeType)) return '';
    throw new Error('This model reads text only. Remove the picture from the message.');
  }
  if (part instanceof vscode.LanguageModelToolCallPart || part instanceof vscode.LanguageModelToolResultPart)
    throw new Error('This model cannot use tools. Choose another model for an agent.');
  return '';
}
