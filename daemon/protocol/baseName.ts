import { isHubId } from './hubId.ts';

/**
 * What people call a base, from its spec: a hub id stays; a snapshot of the Hugging Face cache (models--OWNER--NAME/snapshots/COMMIT)
 * is OWNER/NAME; a manifest of Ollama (manifests/HOST/OWNER/NAME/TAG) is NAME:TAG; any other path is its last part.
 */
export function baseName(spec: string): string {
  if (isHubId(spec)) return spec;
  const parts = spec.split(/[\\/]/).filter((part) => part !== '');
  const [repository = '', folder] = parts.slice(-3);
  const [, owner, name] = /^models--(.+?)--(.+)$/.exec(repository) ?? [];
  if (folder === 'snapshots' && name !== undefined) return `${owner}/${name}`;
  if (parts.at(-5) === 'manifests') return parts.slice(-2).join(':');
  return parts.at(-1) ?? spec;
}
