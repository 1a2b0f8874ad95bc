import * as vscode from 'vscode';
import { isHubId } from '../../daemon/protocol/hubId.ts';
import type { App } from '../app.ts';

const SECRET = 'hubToken';
/** Ids of models that asked for the token. It is sent for no other model. */
const ASKED = 'hubTokenFor';

/** The stored token, for a model that has asked for it. It goes along with the request that needs it, and is stored nowhere else. */
export async function tokenFor({ context }: App, spec: string): Promise<{ hubToken?: string }> {
  if (!isHubId(spec) || !context.globalState.get<readonly string[]>(ASKED, []).includes(spec)) return {};
  const token = await context.secrets.get(SECRET);
  return token === undefined ? {} : { hubToken: token };
}

/**
 * Asks for an access token for a gated or private model, and keeps it in VS Code's secret storage. False if the person gave none. `spec`:
 * the id of the model.
 */
export async function askToken(app: App, spec: string): Promise<boolean> {
  const { secrets, globalState } = app.context;
  const known = await tokenFor(app, spec);
  const stored = await secrets.get(SECRET);
  // A token that was given for another model may do for this one.
  if (stored !== undefined && known.hubToken === undefined) {
    await remember(app, spec);
    return true;
  }
  const text = await inputToken(spec, known.hubToken !== undefined);
  if (text === undefined) return false;
  await secrets.store(SECRET, text);
  await globalState.update(ASKED, [spec]);
  return true;
}

const remember = ({ context: { globalState } }: App, spec: string): Thenable<void> =>
  globalState.update(ASKED, [...new Set([...globalState.get<readonly string[]>(ASKED, []), spec])].slice(-100));

function inputToken(spec: string, again: boolean): Promise<string | undefined> {
  return new Promise((resolve) => {
    const box = vscode.window.createInputBox();
    box.title = `Access Token for ${spec}`;
    box.prompt = `${again ? 'The token that is stored has no access. ' : ''}Accept the terms on the page of the model, make a token that may read, and paste it. It is kept in the secret storage of VS Code and sent only to the hub.`;
    box.placeholder = 'hf_...';
    box.password = true;
    box.ignoreFocusOut = true;
    const page = { iconPath: new vscode.ThemeIcon('link-external'), tooltip: 'Open the page of the model' };
    const tokens = { iconPath: new vscode.ThemeIcon('key'), tooltip: 'Open your access tokens' };
    box.buttons = [page, tokens];
    box.onDidTriggerButton((button) => {
      const address = button === page ? `https://huggingface.co/${spec}` : 'https://huggingface.co/settings/tokens';
      void vscode.env.openExternal(vscode.Uri.parse(address));
    });
    box.onDidAccept(() => {
      const given = box.value.trim();
      if (!/^[\x21-\x7e]{1,500}$/.test(given)) {
        box.validationMessage = 'This is no access token; copy it again.';
        return;
      }
      resolve(given);
      box.hide();
    });
    box.onDidHide(() => {
      resolve(undefined);
      box.dispose();
    });
    box.show();
  });
}
