"""A loss curve of PEFT as a fixture: what loss_curve.py prints, with all that a test needs to repeat it.

usage: curve_fixture.py MODEL_DIR OUT.json [--name NAME] [--text FILE] [--count 12] [--length 24] [--steps 10] [--rows 4]
       [options of loss_curve.py]

The rows are random tokens, or with --text the file's tokens one stretch after another.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from tokenizers import Tokenizer

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--name", help="what the fixture calls the model; default: its folder")
parser.add_argument("--text", help="file the rows are taken from")
parser.add_argument("--count", type=int, default=12)
parser.add_argument("--length", type=int, default=24)
parser.add_argument("--steps", type=int, default=10)
parser.add_argument("--rows", type=int, default=4)
args, options = parser.parse_known_args()

size = args.length + 1
if args.text:
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    text = tokenizer.encode(pathlib.Path(args.text).read_text(), add_special_tokens=False).ids
    ids = [text[i * size : (i + 1) * size] for i in range(args.count)]
    if len(ids[-1]) < size:
        sys.exit(f"{args.text} has {len(text)} tokens, not the {args.count * size} of the rows")
else:
    vocabulary = json.loads((args.model / "config.json").read_text())["vocab_size"]
    torch.manual_seed(11)
    ids = torch.randint(3, vocabulary, (args.count, size)).tolist()
with tempfile.TemporaryDirectory() as folder:
    rows = pathlib.Path(folder) / "ids.json"
    rows.write_text(json.dumps(ids))
    script = pathlib.Path(__file__).with_name("loss_curve.py")
    command = [sys.executable, script, args.model, rows, "--steps", str(args.steps), "--rows", str(args.rows), *options]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result = json.loads(printed.strip().split("\n")[-1])


def number(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


settings = {name.removeprefix("--"): number(value) for name, value in zip(options[::2], options[1::2])}
if "init" in settings:
    settings["init"] = pathlib.Path(settings["init"]).name
args.out.parent.mkdir(exist_ok=True)
document = {"model": args.name or args.model.name, "rows": args.rows, "steps": args.steps, **settings, **result}
args.out.write_text(json.dumps(document, indent=1)[:-2].rstrip() + ",\n \"ids\": " + json.dumps(ids) + "\n}\n")
print(args.out.name, [round(loss, 4) for loss in result["losses"]])
