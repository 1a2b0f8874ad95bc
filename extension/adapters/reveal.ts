import * as vscode from 'vscode';

export async function revealFolder(path: string): Promise<void> {
  const uri = vscode.Uri.file(path);
  if (vscode.workspace.getWorkspaceFolder(uri) !== undefined)
    return vscode.commands.executeCommand('revealInExplorer', uri);
  if (vscode.env.remoteName === undefined) return vscode.commands.executeCommand('revealFileInOS', uri);
  // The folder is on another machine and not open here, so no file manager can show it.
  const [open, copy] = ['Open in New Window', 'Copy Path'];
  const answer = await vscode.window.showInformationMessage(path, open, copy);
  if (answer === open) return vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
  if (answer === copy) return vscode.env.clipboard.writeText(path);
}
