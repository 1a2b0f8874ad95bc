import { modelsIn } from '../models.ts';
import type { BaseSource } from '../source.ts';

const DEPTH = 4; // folders of a project or of Downloads
const SKIPPED = new Set(['node_modules', 'dist', 'out', 'build', 'target', 'venv', '__pycache__', 'site-packages']);

/** GGUF files and model folders in the folders that were named: those of the workspace, and Downloads. */
export const folders: BaseSource = {
  name: 'folders',
  label: 'a folder',
  async *find({ folders: roots, walk }) {
    const skip = (name: string): boolean => name.startsWith('.') || SKIPPED.has(name);
    for (const root of roots)
      for await (const visited of walk(root, DEPTH, skip))
        for (const path of modelsIn(visited)) yield { spec: path, path };
  },
};
