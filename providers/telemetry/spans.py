"""A usage row as a span of OpenTelemetry's GenAI conventions, in OTLP's protobuf.

Calls of one session share a trace. Ids are made out of the row's, so a row that is sent twice is the same span.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from providers.models import AIUsageLog

SCOPE = "aiops-console"
# As the conventions call them; another provider goes by its slug.
PROVIDERS = {
    "claude": "anthropic",
    "gemini": "gcp.gemini",
    "grok": "x_ai",
    "mistral": "mistral_ai",
    "alibaba": "alibaba_cloud",
}
Value = str | int | float | bool


def request_of(rows: Iterable[AIUsageLog], service: str, *, content: bool = False) -> bytes:
    """The body of one export. `content`: prompts and answers too, where the row keeps them."""
    spans = [_span(row, content) for row in rows]
    scope = ScopeSpans(scope=InstrumentationScope(name=SCOPE), spans=spans)
    resource = Resource(attributes=[_pair("service.name", service)])
    made = ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=resource, scope_spans=[scope])])
    return made.SerializeToString()


def _span(row: AIUsageLog, content: bool) -> Span:
    start = row.created_at - timedelta(milliseconds=max(0, row.processing_time_ms))
    made = Span(
        trace_id=_digest(f"session:{row.session_id}" if row.session_id else f"row:{row.pk}", 16),
        span_id=_digest(f"span:{row.pk}", 8),
        name=f"chat {row.model}",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=_nano(start),
        end_time_unix_nano=_nano(row.created_at),
        attributes=[_pair(name, value) for name, value in _attributes(row, content) if value not in ("", None)],
    )
    if not row.success:
        made.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=row.error_message[:200]))
    return made


def _attributes(row: AIUsageLog, content: bool) -> Iterator[tuple[str, Value | None]]:
    yield "gen_ai.operation.name", "chat"
    yield "gen_ai.provider.name", PROVIDERS.get(row.provider, row.provider)
    yield "gen_ai.request.model", row.model
    yield "gen_ai.response.model", row.model_version
    yield "gen_ai.response.id", row.metadata.get("upstream_id")
    yield "gen_ai.usage.input_tokens", row.input_tokens
    yield "gen_ai.usage.output_tokens", row.output_tokens
    yield "gen_ai.usage.cache_read.input_tokens", row.cached_input_tokens
    yield "gen_ai.usage.cache_creation.input_tokens", row.cache_write_tokens
    yield "gen_ai.usage.cost", float(row.actual_cost_usd)
    yield "gen_ai.conversation.id", row.session_id
    yield "session.id", row.session_id
    yield "user.id", None if row.user_id is None else str(row.user_id)  # a number: names stay in the house
    yield "error.type", "" if row.success else row.error_code or "_OTHER"
    yield "aiops.log.id", str(row.pk)
    yield "aiops.operation", row.operation
    yield "aiops.attempt", row.retry_count
    yield "aiops.fallback", row.used_fallback
    yield "aiops.usage_source", row.usage_source
    yield "aiops.price_source", row.price_source
    if row.first_token_ms is not None:
        yield "gen_ai.response.time_to_first_chunk", row.first_token_ms / 1000
    if content:
        yield "gen_ai.input.messages", _message("user", row.prompt_preview)
        yield "gen_ai.output.messages", _message("assistant", row.response_preview)


def _message(role: str, text: str) -> str:
    parts = [{"type": "text", "content": text}]
    return json.dumps([{"role": role, "parts": parts}], ensure_ascii=False) if text else ""


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def _nano(moment: Any) -> int:
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000


def _pair(key: str, value: Value | None) -> KeyValue:
    if isinstance(value, bool):
        return KeyValue(key=key, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    if isinstance(value, float):
        return KeyValue(key=key, value=AnyValue(double_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=str(value)))
