/** The ending of a compressed file. */
export const PACKED = /\.(gz|gzip|zst|zstd)$/i;

/**
 * Names of files that end like a dataset and are none: settings of tools, lists of packages, licences. Menus do not offer them, and a
 * dataset folder is read without them. As a pattern, because the manifest of VS Code needs it too.
 */
export const NO_DATASET =
  '^(package|package-lock|npm-shrinkwrap|composer|tsconfig.*|jsconfig|deno|lerna|nx|turbo|manifest|angular|launch|settings|tasks|extensions|devcontainer|config|.*_config|tokenizer|vocab|added_tokens|special_tokens_map|params|model\\.safetensors\\.index|dataset_infos?|dataset_dict|state)\\.json$|^(licen[cs]e|copying|notice|requirements|constraints|robots|cmakelists|changelog|contributing|code_of_conduct|security|readme)\\b.*\\.(txt|md|text)$|^\\.';

const PATTERN = new RegExp(NO_DATASET, 'i');

export const isNoDataset = (name: string): boolean => PATTERN.test(name);
