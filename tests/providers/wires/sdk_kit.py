"""The official SDKs asking the fake upstream what a wire asks it, so that both can be compared.

Each function takes the server, a prompt, and whether to stream; it answers `(text, finish, tokens in, tokens out)`
in the words of the SDK.
"""

from typing import Any

import httpx

from providers.types import Prompt
from tests.fakes.upstream import FakeUpstream
from tests.providers.wires.wire_kit import KEY

Told = tuple[str, str, int, int]


def gemini(server: FakeUpstream, prompt: Prompt, stream: bool) -> Told:
    from google import genai
    from google.genai import types

    client = genai.Client(
        api_key=KEY, http_options=types.HttpOptions(base_url=server.url("gemini"), timeout=30_000)
    )
    config = types.GenerateContentConfig(
        system_instruction=prompt.system,
        max_output_tokens=prompt.max_output_tokens,
        temperature=prompt.temperature,
        response_mime_type="application/json" if prompt.json_schema else None,
        response_json_schema=prompt.json_schema,
    )
    question = [types.Content(role="user", parts=[types.Part(text=prompt.messages[0].content)])]
    asked = {"model": prompt.model, "contents": question, "config": config}
    if stream:
        parts = list(client.models.generate_content_stream(**asked))
    else:
        parts = [client.models.generate_content(**asked)]
    usage = parts[-1].usage_metadata
    written = usage.candidates_token_count + (usage.thoughts_token_count or 0)
    text = "".join(part.text or "" for part in parts)
    return text, parts[-1].candidates[0].finish_reason.value, usage.prompt_token_count, written


def mistral_client(server: FakeUpstream) -> Any:
    """An asynchronous client of its own would be closed by `asyncio.run` whenever garbage is collected."""
    from mistralai.client import Mistral

    return Mistral(
        api_key=KEY, server_url=server.url("mistral"), timeout_ms=5000, async_client=httpx.AsyncClient()
    )


def mistral(server: FakeUpstream, prompt: Prompt, stream: bool) -> Told:
    client = mistral_client(server)
    asked: dict[str, Any] = {
        "model": prompt.model,
        "messages": _turns(prompt),
        "max_tokens": prompt.max_output_tokens,
        "temperature": prompt.temperature,
    }
    if prompt.json_schema:
        form = {"name": "answer", "schema": prompt.json_schema, "strict": True}
        asked["response_format"] = {"type": "json_schema", "json_schema": form}
    if not stream:
        done = client.chat.complete(**asked)
        usage, choice = done.usage, done.choices[0]
        return choice.message.content, choice.finish_reason, usage.prompt_tokens, usage.completion_tokens
    chunks = [event.data for event in client.chat.stream(**asked)]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    usage = chunks[-1].usage
    return text, chunks[-1].choices[0].finish_reason, usage.prompt_tokens, usage.completion_tokens


def ollama(server: FakeUpstream, prompt: Prompt, stream: bool) -> Told:
    import ollama as sdk

    client = sdk.Client(host=server.url("ollama"), headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
    options = {"num_predict": prompt.max_output_tokens, "temperature": prompt.temperature}
    asked = {"model": prompt.model, "messages": _turns(prompt), "options": options, "format": prompt.json_schema}
    parts = list(client.chat(**asked, stream=True)) if stream else [client.chat(**asked)]
    last = parts[-1]
    return (
        "".join(part.message.content for part in parts),
        last.done_reason,
        last.prompt_eval_count,
        last.eval_count,
    )


def openai(server: FakeUpstream, prompt: Prompt, stream: bool) -> Told:
    return _openai(server.url("openai"), prompt, stream, "max_completion_tokens")


def cloudflare(server: FakeUpstream, prompt: Prompt, stream: bool) -> Told:
    """Cloudflare's documentation sends OpenAI's client to this address."""
    return _openai(f"{server.url('cloudflare')}/accounts/acc-1/ai/v1", prompt, stream, "max_tokens")


def _openai(base: str, prompt: Prompt, stream: bool, limit: str) -> Told:
    import openai

    client = openai.OpenAI(api_key=KEY, base_url=base, max_retries=0, timeout=30)
    asked: dict[str, Any] = {
        "model": prompt.model,
        "messages": _turns(prompt),
        limit: prompt.max_output_tokens,
        "temperature": prompt.temperature,
    }
    if prompt.json_schema:
        form = {"name": "answer", "schema": prompt.json_schema, "strict": True}
        asked["response_format"] = {"type": "json_schema", "json_schema": form}
    if not stream:
        done = client.chat.completions.create(**asked)
        usage, choice = done.usage, done.choices[0]
        return choice.message.content, choice.finish_reason, usage.prompt_tokens, usage.completion_tokens
    asked |= {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(**asked))
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    finish = [one.choices[0].finish_reason for one in chunks if one.choices][-1]
    return text, finish or "", chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens


def claude(server: FakeUpstream, prompt: Prompt, stream: bool) -> Told:
    """Without a temperature, which this version of its API has not."""
    import anthropic

    client = anthropic.Anthropic(api_key=KEY, base_url=server.url("claude"), max_retries=0, timeout=30)
    asked: dict[str, Any] = {
        "model": prompt.model,
        "max_tokens": prompt.max_output_tokens,
        "system": prompt.system,
        "messages": [{"role": turn.role, "content": turn.content} for turn in prompt.messages],
    }
    if prompt.json_schema:
        asked["output_config"] = {"format": {"type": "json_schema", "schema": prompt.json_schema}}
    if stream:
        with client.messages.stream(**asked) as events:
            message = events.get_final_message()
    else:
        message = client.messages.create(**asked)
    usage = message.usage
    text = "".join(block.text for block in message.content)
    return text, message.stop_reason, usage.input_tokens, usage.output_tokens


def _turns(prompt: Prompt) -> list[dict[str, str]]:
    asked = [{"role": turn.role, "content": turn.content} for turn in prompt.messages]
    return [{"role": "system", "content": prompt.system}, *asked]


ASK = {
    "openai": openai,
    "claude": claude,
    "gemini": gemini,
    "mistral": mistral,
    "cloudflare": cloudflare,
    "ollama": ollama,
}
