"""Tokens per second, wall-clock seconds and peak resident memory of HF PEFT training on this machine.

usage: train_throughput.py --dtype fp32|bf16 [--batch 4] [--length 256] [--method vera|lora] [--rank 256] [--targets T]
       [--model DIR] [--epoch ROWS.json] [--steps 8] [--threads 2] [--checkpointing]

Without --model: SmolLM2-135M's shapes with random weights. Without --epoch: `--steps` steps on full rows of random ids,
and the speed of the fastest one. With --epoch: one pass over ragged rows [{"ids": [...], "counts": [0 or 1, ...]}], in
order, cut at --length, --batch at a time, padded to the longest row of the batch, loss where counts is 1; the speed is
real tokens (no padding) over the wall clock of the whole pass, model loading left out.
Prints {"tokensPerSecond", "seconds", "tokens", "paddedTokens", "steps", "firstLoss", "lastLoss", "peakRssBytes", ...}.
"""

import argparse
import json
import resource
import time

import torch
from adapters import adapter_config, add_adapter_arguments
from peft import get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def base_model(args):
    if args.model:
        return AutoModelForCausalLM.from_pretrained(args.model, dtype=DTYPES[args.dtype])
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        tie_word_embeddings=True,
        max_position_embeddings=8192,
    )
    return LlamaForCausalLM(config).to(DTYPES[args.dtype])


def random_batches(args, vocabulary):
    ids = torch.randint(0, vocabulary, (args.batch, args.length))
    for _ in range(args.steps):
        yield {"input_ids": ids, "labels": ids}, ids.numel()


def epoch_batches(args):
    """The usual collator: right padding, an attention mask, -100 where nothing is to be learned."""
    with open(args.epoch) as file:
        rows = json.load(file)
    for start in range(0, len(rows), args.batch):
        picked = [(row["ids"][: args.length], row["counts"][: args.length]) for row in rows[start : start + args.batch]]
        longest = max(len(ids) for ids, _ in picked)
        shape = (len(picked), longest)
        ids, mask, labels = torch.zeros(shape).long(), torch.zeros(shape).long(), torch.full(shape, -100)
        for i, (row, counts) in enumerate(picked):
            row = torch.tensor(row)
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
            labels[i, : len(row)] = torch.where(torch.tensor(counts) == 1, row, -100)
        if (labels[:, 1:] != -100).any():
            yield {"input_ids": ids, "attention_mask": mask, "labels": labels}, int(mask.sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", choices=DTYPES, required=True)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--model")
    parser.add_argument("--epoch")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpointing", action="store_true")
    add_adapter_arguments(parser)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = get_peft_model(base_model(args), adapter_config(args))
    if args.checkpointing:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    model.train()
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=args.lr)

    seconds, tokens, padded, losses = [], [], 0, []
    batches = epoch_batches(args) if args.epoch else random_batches(args, model.config.vocab_size)
    began = time.perf_counter()
    for batch, count in batches:
        start = time.perf_counter()
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        # Its graph would otherwise live on through the next step, and the peak memory of PEFT look larger than it is.
        del loss
        seconds.append(time.perf_counter() - start)
        tokens.append(count)
        padded += batch["input_ids"].numel()
    wall = time.perf_counter() - began
    speed = sum(tokens) / wall if args.epoch else tokens[0] / min(seconds)
    report = {
        "dtype": args.dtype,
        "method": args.method,
        "rank": args.rank,
        "targets": args.targets,
        "tokensPerSecond": round(speed, 2),
        "seconds": round(wall, 3),
        "tokens": sum(tokens),
        "paddedTokens": padded,
        "steps": len(seconds),
        "firstLoss": losses[0],
        "lastLoss": losses[-1],
        "trainable": sum(p.numel() for p in trainable),
        # Linux counts it in KiB.
        "peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
