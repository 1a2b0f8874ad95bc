"""Small random models of every family, saved by transformers, with their logits: the fixtures that hold our model
definitions without Python.

usage: tiny_model.py OUT_DIR [NAME...]     (default: all; OUT_DIR is test/fixtures/models)

Each folder: config.json, model.safetensors (or two shards and their index), logits.f32: the logits of the rows of ids.json
one after another, little-endian float32 [tokens, vocabulary], in fp32 with eager attention; and ids.json: {"ids": rows,
"losses": the mean loss over next tokens of each row with more than one}. Weights are far from their initial scale, so that
biases, norms and rotary positions all show in the logits.
"""

import json
import math
import pathlib
import shutil
import sys

import numpy as np
import torch
from logits import load, logits_of
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

VOCABULARY = 97
SMALL = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 56,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}

MODELS = {
    # Llama 2: every head its own keys, head not tied.
    "llama": (LlamaForCausalLM, LlamaConfig(**SMALL, tie_word_embeddings=False), {}),
    # SmolLM2: three query heads to a key head, tied head, a base frequency of its own, bf16 file.
    "llama-gqa-tied-bf16": (
        LlamaForCausalLM,
        LlamaConfig(
            **{**SMALL, "num_attention_heads": 6, "num_key_value_heads": 2, "hidden_size": 48},
            tie_word_embeddings=True,
            rms_norm_eps=1e-5,
            rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
        ),
        {"dtype": torch.bfloat16, "older": True},
    ),
    # A head size that is not hidden size / heads, biases on attention and MLP, linear scaling, two shards.
    "llama-linear-biases-sharded": (
        LlamaForCausalLM,
        LlamaConfig(
            **{**SMALL, "num_key_value_heads": 2},
            head_dim=12,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=False,
            rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
        ),
        {"max_shard_size": "70KB", "older": True},
    ),
    # Llama 3.1/3.2: frequencies scaled by part.
    "llama3-rope": (
        LlamaForCausalLM,
        LlamaConfig(**{**SMALL, "num_key_value_heads": 2}, tie_word_embeddings=True, rope_parameters=LLAMA3_ROPE),
        {"older": True},
    ),
    # Qwen2: biases on q, k and v alone.
    "qwen2": (
        Qwen2ForCausalLM,
        Qwen2Config(
            **{**SMALL, "num_key_value_heads": 2},
            tie_word_embeddings=True,
            rms_norm_eps=1e-6,
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        ),
        {},
    ),
    # Qwen3: norms on the queries and keys of each head, a head size that is not hidden size / heads, head not tied.
    "qwen3": (
        Qwen3ForCausalLM,
        Qwen3Config(
            **{**SMALL, "num_key_value_heads": 2},
            head_dim=12,
            tie_word_embeddings=False,
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        ),
        {},
    ),
    # Qwen3's small sizes: tied head, one key head, bf16 file; and attention_bias, which no released size has.
    "qwen3-tied-biases-bf16": (
        Qwen3ForCausalLM,
        Qwen3Config(
            **{**SMALL, "num_key_value_heads": 1},
            head_dim=16,
            attention_bias=True,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        ),
        {"dtype": torch.bfloat16, "older": True},
    ),
    # Mistral: grouped queries, sliding window off as in v0.2 and later; fp16 file.
    "mistral-fp16": (
        MistralForCausalLM,
        MistralConfig(
            **{**SMALL, "num_key_value_heads": 1}, head_dim=8, tie_word_embeddings=False, sliding_window=None
        ),
        {"dtype": torch.float16},
    ),
}


def older_config(folder):
    """Rewrites config.json as transformers 4 wrote it, which most published models have."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    if rope["rope_type"] == "linear":
        config["rope_scaling"] = {"type": "linear", "factor": rope["factor"]}
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.45.0"
    path.write_text(json.dumps(config, indent=2) + "\n")


def randomise(model):
    """Weights of a trained model's size: unit-variance projections, norms around 1, biases that matter."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("norm.weight"):
                parameter.copy_(1 + 0.3 * torch.randn(parameter.shape))
            elif name.endswith("bias"):
                parameter.copy_(0.5 * torch.randn(parameter.shape))
            elif "embed_tokens" in name:
                parameter.copy_(torch.randn(parameter.shape) * 0.3)
            else:
                parameter.copy_(torch.randn(parameter.shape) * 1.2 / math.sqrt(parameter.shape[1]))


def make(out, name):
    kind, config, save = MODELS[name]
    folder = pathlib.Path(out) / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(sorted(MODELS).index(name) + 1)
    model = kind(config)
    randomise(model)
    model.to(save.get("dtype", torch.float32))
    model.save_pretrained(folder, **{k: v for k, v in save.items() if k == "max_shard_size"})
    if save.get("older"):
        older_config(folder)
    rows = [torch.randint(3, VOCABULARY, (length,)).tolist() for length in (40, 7, 1)]
    logits = logits_of(load(folder), rows)
    losses = [
        float(torch.nn.functional.cross_entropy(torch.tensor(one[:-1]), torch.tensor(row[1:])))
        for one, row in zip(logits, rows)
        if len(row) > 1
    ]
    (folder / "ids.json").write_text(json.dumps({"ids": rows, "losses": losses}) + "\n")
    with open(folder / "logits.f32", "wb") as file:
        for row in logits:
            file.write(np.ascontiguousarray(row, dtype="<f4").tobytes())
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(name, f"{size / 1000:.0f} KB", [path.name for path in sorted(folder.iterdir())], losses)


for model in sys.argv[2:] or MODELS:
    make(sys.argv[1], model)
