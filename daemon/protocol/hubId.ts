/** owner/name. A part of dots alone is refused: as a folder of the cache it would be the one above. */
const HUB_ID = /^(?!\.+\/)[\w.-]{1,96}\/(?!\.+$)[\w.-]{1,96}$/;

/** Whether a text has the form of a model's id on the hub, such as HuggingFaceTB/SmolLM2-135M. */
export const isHubId = (text: string): boolean => HUB_ID.test(text);

/** Pages of the hub that look like a model's: huggingface.co/datasets/NAME. */
const NO_OWNERS = new Set(['datasets', 'spaces', 'docs', 'models', 'collections', 'papers', 'blog', 'api', 'settings']);

/** The id in what a person pasted: an id, or the address of a model's page (with or without https://). */
export function hubIdIn(text: string): string | undefined {
  const plain = text.trim();
  if (isHubId(plain)) return plain.startsWith('hf.co/') || plain.startsWith('huggingface.co/') ? undefined : plain;
  const [, id = ''] =
    /^(?:https?:\/\/(?:[^/\s@]+)|(?:www\.)?huggingface\.co|hf\.co)\/([^/\s?#]+\/[^/\s?#]+)(?:[/?#]\S*)?$/i.exec(
      plain,
    ) ?? [];
  return isHubId(id) && !NO_OWNERS.has(id.split('/', 1)[0]!) ? id : undefined;
}
