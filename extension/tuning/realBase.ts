import * as vscode from 'vscode';
import { TINY } from '../../daemon/protocol/abilityText.ts';
import { COMMANDS } from '../contributions.ts';

/** What every place says where somebody is about to use the bundled model for real work, and the button beside it. */
export const DEMO_NOTE = `The demo model is ${TINY}; for real use, choose a larger base model.`;
export const CHOOSE_BASE = 'Choose a Base Model...';

/** Lets the person choose a real base. The next run proposes it. */
export const chooseRealBase = (): Thenable<unknown> => vscode.commands.executeCommand(COMMANDS.downloadModel);
