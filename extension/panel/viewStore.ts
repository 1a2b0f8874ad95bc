import type { Memento } from 'vscode';
import type { ViewState } from '../../daemon/protocol/panel.ts';

/** The choices of a person in the panel (range, visible runs...), kept for this workspace. */
export interface ViewStore {
  get(): Partial<ViewState> | null;
  keep(view: ViewState): Promise<void>;
  focus(run: string): Promise<void>;
}

const KEY = 'panelView';

export const viewStore = (memento: Memento): ViewStore => {
  const get = (): Partial<ViewState> | null => memento.get<Partial<ViewState>>(KEY) ?? null;
  return {
    get,
    keep: async (view) => memento.update(KEY, view),
    focus: async (run) => {
      const before = get();
      const hidden = before?.hidden?.filter((one) => one !== run);
      await memento.update(KEY, { ...before, ...(hidden === undefined ? {} : { hidden }), focus: run, zoom: null });
    },
  };
};
