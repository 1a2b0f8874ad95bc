"""Chat templates rendered by transformers: the right values of `npm run bench:templates`.

usage: templates.py OUT.json CONVERSATIONS.jsonl TEMPLATE.jinja...

Each line of CONVERSATIONS.jsonl is {"messages": [...], "tools": [...]}. Each template renders each conversation with and without the
generation prompt. OUT.json: {"templates": [{"name", "source", "renderings": [{"row", "prompt", "text"} or {..., "error"}]}]}.
Fields of a message that are null are left out, as `apply_chat_template` does.
"""

import json
import pathlib
import sys
from datetime import datetime

import transformers.utils.chat_template_utils as utils
from transformers.utils.chat_template_utils import render_jinja_template

SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


class Fixed(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2025, 1, 1)


def render(source, row, prompt):
    messages = [{k: v for k, v in message.items() if v is not None} for message in row["messages"]]
    texts, _ = render_jinja_template(
        [messages], tools=row.get("tools"), chat_template=source, add_generation_prompt=prompt, **SPECIAL
    )
    return texts[0]


utils.datetime = Fixed
out, conversations, *files = sys.argv[1:]
rows = [json.loads(line) for line in pathlib.Path(conversations).read_text().splitlines() if line]
templates = []
for file in files:
    source = pathlib.Path(file).read_bytes().decode()
    renderings = []
    for number, row in enumerate(rows):
        for prompt in (False, True):
            one = {"row": number, "prompt": prompt}
            try:
                one["text"] = render(source, row, prompt)
            except Exception as error:
                one["error"] = f"{type(error).__name__}: {error}"[:200]
            renderings.append(one)
    templates.append({"name": pathlib.Path(file).name, "source": source, "renderings": renderings})
pathlib.Path(out).write_text(json.dumps({"templates": templates}))
right = sum("text" in one for template in templates for one in template["renderings"])
print(json.dumps({"templates": len(templates), "rendered": right}))
