"""Logits of a Hugging Face model folder, fp32, eval mode, as transformers and PEFT compute them.

usage: logits.py MODEL_DIR IDS.json OUT.f32 [--adapter DIR] [--merge] [--double]

IDS.json: a list of rows of token ids; rows may differ in length, each is run alone. OUT.f32: the rows' logits one after
another, little-endian float32 [tokens, vocabulary]. Prints {"vocabulary": n, "rows": [tokens...]}.
--merge: logits after PEFT's merge_and_unload. --double: computed in float64.
"""

import argparse
import json

import numpy as np
import torch
from transformers import AutoModelForCausalLM


def load(model_dir, adapter=None, merge=False):
    model = AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.float32, attn_implementation="eager")
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter)
        if merge:
            model = model.merge_and_unload()
    return model.eval()


def logits_of(model, rows):
    with torch.no_grad():
        return [model(input_ids=torch.tensor([row])).logits[0].float().numpy() for row in rows]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("ids")
    parser.add_argument("out")
    parser.add_argument("--adapter")
    parser.add_argument("--merge", action="store_true")
    parser.add_argument("--double", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(0)
    with open(args.ids) as file:
        rows = json.load(file)
    model = load(args.model, args.adapter, args.merge)
    logits = logits_of(model.double() if args.double else model, rows)
    with open(args.out, "wb") as file:
        for row in logits:
            file.write(np.ascontiguousarray(row, dtype="<f4").tobytes())
    print(json.dumps({"vocabulary": int(logits[0].shape[1]), "rows": [len(row) for row in rows]}))
