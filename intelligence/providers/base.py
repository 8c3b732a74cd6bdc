"""What all drivers share: the config's keys, the prompt, the parsing, and what is said where no model answers."""

import importlib.util
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from intelligence.analysis.advice import SYSTEM, Advice, Said, Subject
from intelligence.providers.accounts import analyst
from providers.catalog import provider as catalog_row
from providers.configuration.explicit import ExplicitConnection
from providers.exceptions import AIServiceError, InvalidInput, NotFound, PriceUnknown
from providers.guard import DATA_IS_DATA, clean, fenced, mark
from providers.models import AIServiceConfig
from providers.money.pricing import cost_of
from providers.service import AIService
from providers.types import AIResponse, Usage

MAX_TOKENS, MOST_TOKENS = 1_024, 32_000
LOG_CHARS = 10_000
USUAL_IN, USUAL_OUT = (LOG_CHARS + 3_000) // 4, 400  # tokens: prompt and findings with a full excerpt; an answer
TIMEOUT_S = 60.0
SECRET_KEYS = frozenset({"api_key"})


class BaseProvider:
    """`provider` names the driver. `required` and `optional` are the keys of its config; others are refused."""

    provider = ""
    label = ""
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def __init__(self, **config: Any) -> None:
        self.config = self.checked(config)
        self.name = self.label

    @classmethod
    def checked(cls, config: Mapping[str, Any]) -> dict[str, Any]:
        """The config as it is kept. Errors: InvalidInput that names the key."""
        for key in config:
            if key not in (*cls.required, *cls.optional):
                raise InvalidInput(f"{cls.label} takes no {str(key)[:40]!r}.", param="config")
        kept = {key: _value(key, value) for key, value in config.items() if value not in ("", None)}
        for key in cls.required:
            if key not in kept:
                raise InvalidInput(f"{cls.label} needs {key}.", param="config")
        return kept

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """What an optional key means where it isn't given."""
        return {}

    @classmethod
    def missing_sdk(cls) -> str:
        """Why this driver can't run here; empty where it can."""
        return ""

    def expected_usd(self) -> Decimal | None:
        """About what one analysis of a long log costs; None where that is not known."""
        return Decimal(0)

    def run(self, subject: Subject) -> Advice:
        """What to do about it. Never raises for what an upstream does: the reason stands in `fallback`."""
        raise NotImplementedError


class LocalRecommendationProvider(BaseProvider):
    """The rules alone. `broken`: why they answer although a model was to."""

    provider = "local"
    label = "Local rules"

    def __init__(self, broken: str = "", **config: Any) -> None:
        super().__init__(**config)
        self.broken = broken

    def run(self, subject: Subject) -> Advice:
        return Advice(provider="local", fallback=self.broken)


class BaseAIProvider(BaseProvider):
    """A model behind the gateway, with the driver's own key and address and under the analysis account's cap."""

    required = ("api_key",)
    optional = ("model", "max_tokens")

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        row = catalog_row(cls.provider)
        address = {"base_url": row.base_url} if "base_url" in cls.optional else {}
        return {"model": row.default_model, "max_tokens": MAX_TOKENS, **address}

    @classmethod
    def missing_sdk(cls) -> str:
        row = catalog_row(cls.provider)
        if importlib.util.find_spec(f"providers.wires.{row.wire}") is None:
            return f"The wire {row.wire} is not installed."
        return "" if row.available else f"{row.name} is not available yet."

    def connection(self) -> ExplicitConnection:
        """Addresses from the config, else the driver's own default."""
        given = {**self.defaults(), **self.config}
        return ExplicitConnection(
            self.provider, given.get("api_key", ""), given.get("base_url", ""), given.get("host", "")
        )

    def expected_usd(self) -> Decimal | None:
        usage = Usage(
            input_tokens=USUAL_IN, output_tokens=min(USUAL_OUT, self.config.get("max_tokens", USUAL_OUT))
        )
        model = {**self.defaults(), **self.config}["model"]
        try:
            return cost_of(self.provider, model, usage, own=AIServiceConfig.get_instance().own_prices).usd
        except (PriceUnknown, NotFound):
            return None

    def run(self, subject: Subject) -> Advice:
        try:
            response = self._ask(self._build_prompt(subject), subject.session_id, Said, subject.service)
        except AIServiceError as error:
            return self._get_fallback_recommendation(subject, error.message, error.log_id)
        said = self._parse_response(response)
        if said is None:
            errors = "; ".join(response.validation_errors or ["no JSON"])[:300]
            why = f"its answer doesn't fit: {errors}"
            return self._get_fallback_recommendation(subject, why, response.log_id)
        return Advice(self.name, "ai", said, response.model, response.log_id)

    def test(self) -> AIResponse:
        """One short call with the saved config. Errors: the tree of `providers.exceptions`."""
        return self._ask("Answer with the one word: ready", "", None)

    def _ask(self, text: str, session_id: str, shape: Any, service: str = "") -> AIResponse:
        how = {"response_model": shape} if shape else {}
        return AIService(analyst(), session_id).chat(
            [{"role": "user", "content": text}],
            operation="analyze_logs",
            system=f"{SYSTEM}\n\n{DATA_IS_DATA}",
            model=self.config.get("model", ""),
            max_tokens=self.config.get("max_tokens", MAX_TOKENS),
            timeout_s=TIMEOUT_S,
            service=service,
            connection=self.connection(),
            **how,
        )

    def _build_prompt(self, incident: Subject) -> str:
        """The findings and the log between random boundaries."""
        found = [f"{one.code} at line {one.lines[0]}: {one.quote}" for one in incident.findings.patterns[:8]]
        at = mark()
        rules = fenced(at, "findings of the rules", clean("\n".join(found) or "none", 3_000).text)
        log = fenced(at, "log", clean(incident.excerpt, LOG_CHARS).text)
        return f"What failed, and what should be done?\n\n{rules}{log}"

    def _parse_response(self, response: AIResponse) -> Said | None:
        return response.parsed if isinstance(response.parsed, Said) else None

    def _get_fallback_recommendation(self, incident: Subject, error_message: str, log_id: str = "") -> Advice:
        """The local rules, and why."""
        return Advice("local", fallback=f"{self.name} did not answer: {error_message}", log_id=log_id)


def _value(key: str, value: Any) -> Any:
    if key == "max_tokens":
        try:
            tokens = int(str(value))
        except ValueError:
            tokens = 0
        if isinstance(value, bool | float) or not 1 <= tokens <= MOST_TOKENS:
            raise InvalidInput(f"max_tokens is a whole number from 1 to {MOST_TOKENS:,}.", param="config")
        return tokens
    if not isinstance(value, str) or not value.isprintable() or len(value) > 500:
        raise InvalidInput(f"{key} is one line of text, 500 characters at most.", param="config")
    return value.strip()
