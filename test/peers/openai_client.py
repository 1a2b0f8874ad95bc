"""Asks the daemon with OpenAI's own Python client. Arguments: base URL, token, model, prompt. Prints a JSON object."""
import json
import sys

import openai
import pydantic

url, token, model, prompt = sys.argv[1:]
client = openai.OpenAI(base_url=url, api_key=token, max_retries=0)
settings = dict(model=model, prompt=prompt, max_tokens=12, temperature=0)


def refused(kind, call):
    try:
        call()
    except kind as error:
        return [error.status_code, error.code, error.param]
    raise AssertionError(f"no {kind.__name__}")


whole = client.completions.create(**settings, logprobs=2)
streamed = "".join(chunk.choices[0].text for chunk in client.completions.create(**settings, stream=True))
chat = client.chat.completions.create(
    model=model, messages=[{"role": "user", "content": prompt}], max_tokens=8, n=2, seed=1, logprobs=True, top_logprobs=2
)


class Person(pydantic.BaseModel):
    name: str = pydantic.Field(max_length=20)
    age: int = pydantic.Field(ge=0, le=120)


parsed = client.chat.completions.parse(
    model=model, messages=[{"role": "user", "content": "A person"}], response_format=Person, max_tokens=400, temperature=0, seed=1
)
number = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}}, "required": ["n"]}
tool = {"type": "function", "function": {"name": "look", "parameters": number}}
asking = [{"role": "user", "content": "look"}]
called = client.chat.completions.create(
    model=model, messages=asking, tools=[tool], tool_choice="required", max_tokens=200, seed=1
).choices[0]
raw = client.completions.with_raw_response.create(**settings)
long = [{"role": "user", "content": prompt * 3000}]
stranger = openai.OpenAI(base_url=url, api_key="no", max_retries=0)
print(
    json.dumps(
        {
            "models": [one.id for one in client.models.list()],
            "whole": whole.choices[0].text,
            "streamed": streamed,
            "tokens": "".join(whole.choices[0].logprobs.tokens),
            "usage": whole.usage.total_tokens - whole.usage.prompt_tokens,
            "chats": len({choice.message.content for choice in chat.choices}),
            "logprobs": all(len(token.top_logprobs) == 2 for token in chat.choices[0].logprobs.content),
            "missing": refused(openai.NotFoundError, lambda: client.completions.create(model="nobody", prompt="x")),
            "long": refused(openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=long)),
            "parsed": isinstance(parsed.choices[0].message.parsed, Person),
            "raw": [raw.status_code, raw.parse().choices[0].text == whole.choices[0].text],
            "tools": called.finish_reason == "tool_calls" and called.message.tool_calls[0].function.name,
            "embeddings": refused(openai.NotFoundError, lambda: client.embeddings.create(model=model, input="x")),
            "stranger": refused(openai.AuthenticationError, lambda: stranger.models.list()),
        }
    )
)
