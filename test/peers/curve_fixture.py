"""A loss curve of PEFT on a small model as a fixture: what loss_curve.py prints, with all that a test needs to repeat it.

usage: curve_fixture.py MODEL_DIR OUT.json [options of loss_curve.py]
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import torch

ROWS, LENGTH, STEPS, BATCH = 12, 24, 10, 4
model, out, options = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]

vocabulary = json.loads((model / "config.json").read_text())["vocab_size"]
torch.manual_seed(11)
ids = torch.randint(3, vocabulary, (ROWS, LENGTH + 1)).tolist()
with tempfile.TemporaryDirectory() as folder:
    rows = pathlib.Path(folder) / "ids.json"
    rows.write_text(json.dumps(ids))
    script = pathlib.Path(__file__).with_name("loss_curve.py")
    command = [sys.executable, script, model, rows, "--steps", str(STEPS), "--rows", str(BATCH), *options]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

def number(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


settings = {name.removeprefix("--"): number(value) for name, value in zip(options[::2], options[1::2])}
if "init" in settings:
    settings["init"] = pathlib.Path(settings["init"]).name
out.parent.mkdir(exist_ok=True)
document = {"model": model.name, "rows": BATCH, "steps": STEPS, **settings, **result}
out.write_text(json.dumps(document, indent=1)[:-2].rstrip() + ",\n \"ids\": " + json.dumps(ids) + "\n}\n")
print(out.name, [round(loss, 4) for loss in result["losses"]])
