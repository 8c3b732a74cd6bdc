"""What is asked and what is answered in every measured call."""

import json

MODEL = "gpt-4.1-mini"
QUESTION = (
    "The deployment of the billing service failed twice tonight with a timeout while it waited for the database. "
    "The connection pool is at its limit since the last release, which added a second worker to every pod. "
    "What do you look at first, and which change would you try before the next deployment?"
)
ANSWER = (
    "Look at the number of open connections first, since two workers now share one pool of connections. ".split(
        " "
    )
)
ANSWER = [f"{word} " for word in ANSWER if word]
FIRST_WORD = ANSWER[0].strip().encode()


def body(model: str, *, stream: bool = False) -> bytes:
    """A chat request as an OpenAI client sends it."""
    asked = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 300}
    return json.dumps({**asked, "stream": True} if stream else asked).encode()
