import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseName } from './baseName.ts';

test('a base is called as people call it', () => {
  const names: [spec: string, name: string][] = [
    ['HuggingFaceTB/SmolLM2-135M', 'HuggingFaceTB/SmolLM2-135M'],
    ['/models/small.gguf', 'small.gguf'],
    ['/models/small/', 'small'],
    ['C:\\Users\\me\\small.gguf', 'small.gguf'],
    ['/', '/'],
    ['/c/hub/models--Qwen--Qwen2.5-0.5B/snapshots/060db6499f32faf8b98477b0a26969ef7d8b9987', 'Qwen/Qwen2.5-0.5B'],
    ['/c/hub/models--me--a--b/snapshots/060db6', 'me/a--b'],
    ['/c/hub/models--gpt2/snapshots/607a30', '607a30'],
    ['/me/.ollama/models/manifests/registry.ollama.ai/library/smollm2/135m', 'smollm2:135m'],
    ['C:\\o\\models\\manifests\\registry.ollama.ai\\library\\qwen3\\latest', 'qwen3:latest'],
  ];
  for (const [spec, name] of names) assert.equal(baseName(spec), name);
});
