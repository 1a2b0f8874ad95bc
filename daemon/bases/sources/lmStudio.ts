import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../formats/json.ts';
import { modelsIn } from '../models.ts';
import type { BaseSource, Place } from '../source.ts';

/** LM Studio's models: PUBLISHER/REPOSITORY with GGUF files or a folder in safetensors. */
export const lmStudio: BaseSource = {
  name: 'lmStudio',
  label: 'LM Studio',
  async *find(place) {
    for (const root of modelFolders(place))
      for await (const visited of place.walk(root, 3)) for (const path of modelsIn(visited)) yield { spec: path, path };
  },
};

/** The folder that its settings name, and where its versions keep models if none is named. */
function modelFolders({ home, env, platform }: Place): string[] {
  const own = text(join(home, '.lmstudio-home-pointer'))?.trim() || join(home, '.lmstudio');
  const settings = [
    join(own, 'settings.json'),
    platform === 'win32'
      ? join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'LM Studio', 'settings.json')
      : platform === 'darwin'
        ? join(home, 'Library', 'Application Support', 'LM Studio', 'settings.json')
        : join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'LM Studio', 'settings.json'),
  ];
  const stated = settings.flatMap((file) => downloadsFolder(text(file)));
  return [...new Set([...stated, join(own, 'models'), join(home, '.cache', 'lm-studio', 'models')])];
}

function downloadsFolder(settings: string | undefined): string[] {
  try {
    const json: unknown = JSON.parse(settings ?? '{}');
    const folder = isObject(json) ? json['downloadsFolder'] : undefined;
    return typeof folder === 'string' && folder !== '' ? [folder] : [];
  } catch {
    return [];
  }
}

function text(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
