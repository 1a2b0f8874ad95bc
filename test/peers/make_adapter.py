"""A PEFT adapter whose vectors or matrices are random and not zero, as if trained, saved by PEFT itself.

usage: make_adapter.py MODEL_DIR OUT_DIR [--method vera|lora] [--rank R] [--targets T] [--key K] [--alpha A]
       [--save-projection true|false] [--scale S] [--seed N]
"""

import argparse
import json

import torch
from adapters import adapter_config, add_adapter_arguments
from peft import get_peft_model
from transformers import AutoModelForCausalLM

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model")
parser.add_argument("out")
parser.add_argument("--scale", type=float, default=0.1, help="standard deviation of what is added to each trainable value")
parser.add_argument("--seed", type=int, default=0)
add_adapter_arguments(parser)
args = parser.parse_args()

base = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
torch.manual_seed(args.seed)
model = get_peft_model(base, adapter_config(args))
with torch.no_grad():
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.add_(torch.randn(parameter.shape) * args.scale)
model.save_pretrained(args.out)
print(json.dumps({"trainable": sum(p.numel() for p in model.parameters() if p.requires_grad)}))
