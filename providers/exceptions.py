"""Every error of the product that a user can meet, as one drawn tree.

    AIServiceError
    |- InvalidInput              400  the caller's words can't be used; `param` names the field
    |- NotAllowed                403
    |- NotFound                  404
    |- NotConfigured             503  no key, or not available yet
    |- AIDisabled                503  an admin has switched every call off
    |- PriceUnknown              400  a price is needed before anything is spent
    |- BudgetExceeded            429  a cap or a budget would be passed
    |- RateLimited               429
    |- ToolFailed            500  a tool of the site broke
    |- LedgerUnavailable         503  spending can't be written down now, so nothing is spent     retryable
    |- DatabaseUnavailable       503  no page and no record can be read or written now          retryable
    `- UpstreamError             502  the provider answered badly, or not at all
       |- KeyRefused             502  its 401 or 403, so that no client doubts its own token
       |- CreditExhausted        502  its 402, or a 429 that says that the money is used up
       |- ProviderResting        503  its circuit breaker is open: nothing was called
       |- UpstreamRejected       502  its 400, 404, 413, 422
       |- UpstreamRateLimited    502  its 429                                     retryable
       |- UpstreamUnavailable    502  its 5xx, or no connection                   retryable
       |- UpstreamTimeout        504                                              retryable
       |- UpstreamBroken         502  HTML, broken JSON, half a stream, nothing
       `- OutboundRefused        502  our own guard: address, scheme or host not allowed

The text is one sentence that a user can act on, and never holds a key.
"""


class AIServiceError(Exception):
    http_status = 500
    type = "api_error"
    code = "internal_error"
    retryable = False

    def __init__(
        self, message: str, *, code: str = "", param: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.param = param
        self.retry_after = retry_after
        self.log_id = ""  # the usage row, where a call was made
        self.usage_note: dict[str, object] = {}

    def restate(self, message: str) -> None:
        """Says it in other words, wherever it is printed."""
        self.message, self.args = message, (message,)

    def as_dict(self) -> dict[str, str | None]:
        """The error shape that OpenAI clients read."""
        return {"message": self.message, "type": self.type, "code": self.code, "param": self.param}


class InvalidInput(AIServiceError):
    """`errors` maps field to sentences, for a page that shows them beside the fields."""

    http_status = 400
    type = "invalid_request_error"
    code = "invalid_input"

    def __init__(self, message: str, *, errors: dict[str, list[str]] | None = None, **rest: str | None) -> None:
        super().__init__(message, **rest)  # type: ignore[arg-type]
        self.errors = errors or ({self.param: [message]} if self.param else {})


class NotAllowed(AIServiceError):
    http_status = 403
    type = "permission_error"
    code = "not_allowed"


class NotFound(AIServiceError):
    http_status = 404
    type = "not_found_error"
    code = "not_found"


class NotConfigured(AIServiceError):
    http_status = 503
    type = "configuration_error"
    code = "not_configured"


class AIDisabled(AIServiceError):
    http_status = 503
    type = "configuration_error"
    code = "ai_disabled"

    def __init__(self) -> None:
        super().__init__("AI is switched off on this site. An admin can switch it on in Settings > AI > Policy.")


class PriceUnknown(AIServiceError):
    http_status = 400
    type = "invalid_request_error"
    code = "price_unknown"


class BudgetExceeded(AIServiceError):
    http_status = 429
    type = "insufficient_quota"
    code = "cap_exceeded"


class RateLimited(AIServiceError):
    """`headers`: the rate-limit headers of its answer."""

    http_status = 429
    type = "rate_limit_error"
    code = "rate_limited"
    retryable = True

    def __init__(
        self, message: str, *, retry_after: float | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.headers = headers or {}


class ToolFailed(AIServiceError):
    code = "tool_failed"


class LedgerUnavailable(AIServiceError):
    http_status = 503
    code = "ledger_unavailable"
    retryable = True


class DatabaseUnavailable(AIServiceError):
    http_status = 503
    code = "database_unavailable"
    retryable = True


class UpstreamError(AIServiceError):
    """`provider` is the slug, `upstream_status` the upstream's own HTTP status (None: none came)."""

    http_status = 502
    type = "upstream_error"
    code = "upstream_error"

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        upstream_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.provider = provider
        self.upstream_status = upstream_status


class KeyRefused(UpstreamError):
    code = "key_refused"


class CreditExhausted(UpstreamError):
    code = "credit_exhausted"


class ProviderResting(UpstreamError):
    http_status = 503
    code = "provider_resting"


class UpstreamRejected(UpstreamError):
    code = "upstream_rejected"


class UpstreamRateLimited(UpstreamError):
    code = "upstream_rate_limited"
    retryable = True


class UpstreamUnavailable(UpstreamError):
    code = "upstream_unavailable"
    retryable = True


class UpstreamTimeout(UpstreamError):
    http_status = 504
    code = "upstream_timeout"
    retryable = True


class UpstreamBroken(UpstreamError):
    code = "upstream_broken"


class OutboundRefused(UpstreamError):
    code = "outbound_refused"
