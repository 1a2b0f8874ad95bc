"""Trains the byte-level BPE tokenizer on the corpus: python tokenizer.py CORPUS OUT, with `tokenizers` 0.23 installed.

Reads CORPUS/train.jsonl and chat.jsonl; writes OUT/tokenizer.json and OUT/tokenizer_config.json. Same corpus, same bytes.
"""

import json
import os
import sys

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 4096
SPECIAL_TOKENS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
]
# A word takes the one character before it (" name", ".name", "(name"); digits stand alone; punctuation takes the line ends that
# follow; an indentation is one token whose last space belongs to the word. \s is spelt out so that every engine reads it alike.
PATTERN = (
    r"[^\r\n\p{L}\p{N}]?\p{L}+"
    r"|\p{N}"
    r"| ?[^ \t\r\n\p{L}\p{N}]+[\r\n]*"
    r"|[ \t]*[\r\n]+"
    r"|[ \t]+(?![^ \t\r\n])"
    r"|[ \t]+"
)
CHAT_TEMPLATE = (
    r"{%- if tools %}"
    r"{{- '<|im_start|>system\n' }}"
    r"{%- if messages[0].role == 'system' %}{{- messages[0].content + '\n\n' }}{%- endif %}"
    r"{{- 'Tools, one JSON object a line; call one with a JSON object of name and arguments in <tool_call> tags:\n' }}"
    r"{%- for tool in tools %}{{- tool | tojson + '\n' }}{%- endfor %}"
    r"{{- '<|im_end|>\n' }}"
    r"{%- endif %}"
    r"{%- for message in messages %}"
    r"{%- if not (tools and loop.first and message.role == 'system') %}"
    r"{{- '<|im_start|>' + message.role + '\n' }}"
    r"{%- if message.content %}{{- message.content }}{%- endif %}"
    r"{%- for call in message.tool_calls or [] %}"
    r"{{- '<tool_call>' + (call.function or call) | tojson + '</tool_call>' }}"
    r"{%- endfor %}"
    r"{{- '<|im_end|>\n' }}"
    r"{%- endif %}"
    r"{%- endfor %}"
    r"{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)


def texts(corpus):
    """Every training text: files whole, chats as the words said in them."""
    with open(os.path.join(corpus, "train.jsonl"), encoding="utf-8") as rows:
        for row in rows:
            yield json.loads(row)["text"]
    with open(os.path.join(corpus, "chat.jsonl"), encoding="utf-8") as rows:
        for row in rows:
            for message in json.loads(row)["messages"]:
                yield message["role"] + "\n" + message["content"]


def main(corpus, out):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(corpus), trainer)
    os.makedirs(out, exist_ok=True)
    tokenizer.save(os.path.join(out, "tokenizer.json"), pretty=False)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 1024,
        "add_bos_token": False,
        "bos_token": None,
        "eos_token": "<|endoftext|>",
        "pad_token": "<|fim_pad|>",
        "unk_token": None,
        "additional_special_tokens": SPECIAL_TOKENS[1:-1],
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    with open(os.path.join(out, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        fields = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in config.items()]
        file.write("{\n" + ",\n".join(fields) + "\n}\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
