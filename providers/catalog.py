"""The providers, as rows. A new OpenAI-compatible provider is one more row here.

What varies as data stands in this file; what varies as behaviour is a wire (`providers/wires/`).
Default models are suggestions that an administrator can change, never constants in logic.
"""

from dataclasses import dataclass

from providers.exceptions import NotFound


@dataclass(frozen=True, slots=True)
class Provider:
    """One row. `slug` is the name in URLs, settings fields and the ledger.

    `needs_base_url`: counts as configured only once an administrator has saved an address;
    `base_url` is then a suggestion to show (it may be empty).
    `member`: can sit in a deliberation. `pricing_id`: the provider's name in genai-prices, None where
    it has no prices. `available` False: shown, but refuses key tests and calls as "not available yet".
    `extra_fields`: further settings it needs beside key, model and base URL.
    """

    slug: str
    name: str
    note: str
    wire: str
    default_model: str
    base_url: str
    monogram: str
    env_names: tuple[str, ...]
    needs_base_url: bool = False
    key_optional: bool = False
    member: bool = True
    pricing_id: str | None = None
    available: bool = True
    extra_fields: tuple[str, ...] = ()


CATALOG: tuple[Provider, ...] = (
    Provider(
        slug="openai",
        name="OpenAI",
        note="GPT models",
        wire="openai_chat",
        default_model="gpt-6-luna",
        base_url="https://api.openai.com/v1",
        monogram="OA",
        env_names=("OPENAI_API_KEY",),
        pricing_id="openai",
    ),
    Provider(
        slug="grok",
        name="Grok",
        note="xAI; each answer states its exact cost",
        wire="openai_chat",
        default_model="grok-4.3",
        base_url="https://api.x.ai/v1",
        monogram="GK",
        env_names=("GROK_API_KEY", "XAI_API_KEY"),
        pricing_id="x-ai",
    ),
    Provider(
        slug="gemini",
        name="Gemini",
        note="Google",
        wire="gemini",
        default_model="gemini-3.5-flash-lite",
        base_url="https://generativelanguage.googleapis.com",
        monogram="GE",
        env_names=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        pricing_id="google",
    ),
    Provider(
        slug="claude",
        name="Claude",
        note="Anthropic; takes no temperature",
        wire="anthropic",
        default_model="claude-sonnet-5-5",
        base_url="https://api.anthropic.com",
        monogram="CL",
        env_names=("CLAUDE_API_KEY", "ANTHROPIC_API_KEY"),
        pricing_id="anthropic",
    ),
    Provider(
        slug="deepseek",
        name="DeepSeek",
        note="cheaper outside its peak hours",
        wire="openai_chat",
        default_model="deepseek-flash",
        base_url="https://api.deepseek.com",
        monogram="DS",
        env_names=("DEEPSEEK_API_KEY",),
        pricing_id="deepseek",
    ),
    Provider(
        slug="openrouter",
        name="OpenRouter",
        note="many vendors behind one key",
        wire="openai_chat",
        # openrouter/auto can be chosen, but its price is known only after a call, so no cap could hold it.
        default_model="openai/gpt-5.6-luna",
        base_url="https://openrouter.ai/api/v1",
        monogram="OR",
        env_names=("OPENROUTER_API_KEY",),
        pricing_id="openrouter",
    ),
    Provider(
        slug="groq",
        name="Groq",
        note="fast open models",
        wire="openai_chat",
        default_model="openai/gpt-oss-120b",
        base_url="https://api.groq.com/openai/v1",
        monogram="GQ",
        env_names=("GROQ_API_KEY",),
        pricing_id="groq",
    ),
    Provider(
        slug="alibaba",
        name="Alibaba",
        note="Qwen; keys are bound to a region",
        wire="openai_chat",
        default_model="qwen3.7-plus",
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        monogram="AL",
        env_names=("ALIBABA_API_KEY", "DASHSCOPE_API_KEY"),
    ),
    Provider(
        slug="jules",
        name="Jules",
        note="fixes only, not a member",
        wire="jules",
        default_model="",
        base_url="https://jules.googleapis.com/v1alpha",
        monogram="JU",
        env_names=("JULES_API_KEY",),
        member=False,
    ),
    Provider(
        slug="local",
        name="Local LLM",
        note="Ollama, vLLM, LM Studio; address from you",
        wire="openai_chat",
        default_model="local-model",
        base_url="http://localhost:11434/v1",
        monogram="LO",
        env_names=("LOCAL_API_KEY",),
        needs_base_url=True,
        key_optional=True,
    ),
    Provider(
        slug="smsly",
        name="SMSLY Cloud",
        note="address from you",
        wire="openai_chat",
        default_model="smsly-latest",
        base_url="",
        monogram="SM",
        env_names=("SMSLY_API_KEY",),
        needs_base_url=True,
    ),
    Provider(
        slug="freemodel",
        name="FreeModel.dev",
        note="not documented; address from you",
        wire="openai_chat",
        default_model="gpt-5.4-mini",
        base_url="https://api.freemodel.dev/v1",
        monogram="FM",
        env_names=("FREEMODEL_API_KEY",),
        needs_base_url=True,
    ),
    Provider(
        slug="opencode",
        name="OpenCode",
        note="Zen's chat models; address from you",
        wire="openai_chat",
        default_model="deepseek-v4-flash-free",
        base_url="https://opencode.ai/zen/v1",
        monogram="OC",
        env_names=("OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"),
        needs_base_url=True,
    ),
    Provider(
        slug="mistral",
        name="Mistral",
        note="La Plateforme",
        wire="mistral",
        default_model="mistral-small-latest",
        base_url="https://api.mistral.ai",
        monogram="MI",
        env_names=("MISTRAL_API_KEY",),
        pricing_id="mistral",
    ),
    Provider(
        slug="nvidia",
        name="NVIDIA NIM",
        note="hosted models, billed in credits",
        wire="openai_chat",
        default_model="nvidia/nemotron-3-super-120b-a12b",
        base_url="https://integrate.api.nvidia.com/v1",
        monogram="NV",
        env_names=("NVIDIA_API_KEY",),
    ),
    Provider(
        slug="cloudflare",
        name="Cloudflare",
        note="Workers AI, needs an account id",
        wire="cloudflare",
        default_model="@cf/meta/llama-3.1-8b-instruct-fp8",
        base_url="https://api.cloudflare.com/client/v4",
        monogram="CF",
        env_names=("CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN"),
        pricing_id="cloudflare",
        extra_fields=("account_id",),
    ),
    Provider(
        slug="mock",
        name="Mock",
        note="labelled test answers",
        wire="mock",
        default_model="mock",
        base_url="",
        monogram="MK",
        env_names=(),
        key_optional=True,
    ),
)

# Beside the 17 of the source documents: what the log-analysis drivers need too.
EXTRA: tuple[Provider, ...] = (
    Provider(
        slug="copilot",
        name="GitHub Copilot",
        note="address and token from you",
        wire="openai_chat",
        default_model="gpt-5-mini",
        base_url="https://api.githubcopilot.com",
        monogram="CP",
        env_names=("COPILOT_API_KEY",),
        needs_base_url=True,
        pricing_id="github-copilot",
    ),
    Provider(
        slug="ollama",
        name="Ollama",
        note="its own protocol; address from you",
        wire="ollama",
        default_model="llama3.2",
        base_url="http://localhost:11434",
        monogram="OL",
        env_names=("OLLAMA_API_KEY",),
        needs_base_url=True,
        key_optional=True,
    ),
)

_BY_SLUG = {row.slug: row for row in (*CATALOG, *EXTRA)}


def provider(slug: str) -> Provider:
    """The row of that slug; raises `NotFound`, naming the slugs there are."""
    try:
        return _BY_SLUG[slug]
    except KeyError:
        known = ", ".join(_BY_SLUG)
        raise NotFound(f'There is no provider "{str(slug)[:40]}". Known providers: {known}.') from None
