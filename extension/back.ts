import * as vscode from 'vscode';

/** A pick with a Back button. Undefined for Back and for Escape, which goes back too. `onOpen` may change the list while it is open. */
export function pickWithBack<T extends vscode.QuickPickItem>(
  options: { title: string; placeholder: string; back: boolean; items: readonly T[] },
  onOpen: (list: vscode.QuickPick<T>, isOpen: () => boolean) => void = () => undefined,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    const list = vscode.window.createQuickPick<T>();
    list.title = options.title;
    list.placeholder = options.placeholder;
    list.matchOnDescription = list.matchOnDetail = true;
    list.items = options.items;
    if (options.back) list.buttons = [vscode.QuickInputButtons.Back];
    let open = true;
    list.onDidTriggerButton(() => list.hide());
    list.onDidAccept(() => {
      const [picked] = list.selectedItems;
      if (picked === undefined) return;
      resolve(picked);
      list.hide();
    });
    list.onDidHide(() => {
      open = false;
      resolve(undefined);
      list.dispose();
    });
    onOpen(list, () => open);
    list.show();
  });
}

/** A box for a text with a Back button. Undefined for Back and for Escape. */
export function askWithBack(options: {
  title: string;
  placeholder: string;
  prompt: string;
}): Promise<string | undefined> {
  return new Promise((resolve) => {
    const box = vscode.window.createInputBox();
    Object.assign(box, options);
    box.ignoreFocusOut = true;
    box.buttons = [vscode.QuickInputButtons.Back];
    box.onDidTriggerButton(() => box.hide());
    box.onDidAccept(() => {
      if (box.value.trim() === '') return;
      resolve(box.value.trim());
      box.hide();
    });
    box.onDidHide(() => {
      resolve(undefined);
      box.dispose();
    });
    box.show();
  });
}
