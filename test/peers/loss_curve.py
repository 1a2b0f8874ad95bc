"""The loss of each step of PEFT under torch's Adam on given token ids: the curve a correct trainer reproduces.

usage: loss_curve.py MODEL_DIR IDS.json --steps N --lr RATE [--rows 4] [--method vera|lora] [--rank R] [--targets T]
       [--key K] [--alpha A] [--weight-decay W] [--save DIR] [--init DIR]

IDS.json: a list of rows of equal length L + 1; `--rows` of them a step, in order, from the start again after the last.
fp32, no dropout, no schedule, mean loss over all L next tokens. --init starts from a saved adapter (LoRA's A is random).
--weight-decay takes AdamW. Prints {"losses": [...]}.
"""

import argparse
import json

import torch
from adapters import adapter_config, add_adapter_arguments
from peft import PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model")
parser.add_argument("ids")
parser.add_argument("--steps", type=int, required=True)
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--rows", type=int, default=4)
parser.add_argument("--weight-decay", type=float)
parser.add_argument("--save")
parser.add_argument("--init")
parser.add_argument("--threads", type=int, default=2)
add_adapter_arguments(parser)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(0)
model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
if args.init:
    model = PeftModel.from_pretrained(model, args.init, is_trainable=True)
else:
    model = get_peft_model(model, adapter_config(args))
model.train()
trainable = [p for p in model.parameters() if p.requires_grad]
if args.weight_decay is None:
    optimizer = torch.optim.Adam(trainable, lr=args.lr)
else:
    optimizer = torch.optim.AdamW(trainable, lr=args.lr, weight_decay=args.weight_decay)
with open(args.ids) as file:
    rows = torch.tensor(json.load(file)).long()

losses = []
for step in range(args.steps):
    picked = [(step * args.rows + i) % len(rows) for i in range(args.rows)]
    ids = rows[picked]
    logits = model(input_ids=ids[:, :-1]).logits
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1))
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    losses.append(loss.item())
if args.save:
    model.save_pretrained(args.save)
print(json.dumps({"losses": losses, "trainable": sum(p.numel() for p in trainable)}))
