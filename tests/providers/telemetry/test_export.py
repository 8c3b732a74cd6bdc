"""Spans out of usage rows, by OTLP over HTTP to a receiver on loopback that reads the protobuf."""

import base64
import json
import re
from datetime import timedelta

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from providers.models import AIUsageLog, TelemetryMark
from providers.network import outbound
from providers.telemetry import export
from tests.providers.ledger.ledger_kit import attempt, record
from tests.providers.notify.receivers import Hook, serving


@pytest.fixture
def collector(everyone, settings):
    """A receiver that is set as OTEL_EXPORTER_OTLP_ENDPOINT; rows from here on are new to it."""
    before, server = outbound.guard().entries, Hook()
    with serving(server):
        outbound.configure([*before, server.netloc])
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = f"http://{server.netloc}"
        settings.OTEL_EXPORTER_OTLP_HEADERS = "x-team=ops%20one"
        assert export.export_new() == 0
        yield server
    outbound.configure(before)


def booked(user, **more) -> AIUsageLog:
    return AIUsageLog.objects.get(pk=record(attempt(user.pk, **more), ""))


def spans_of(body: bytes) -> list:
    request = ExportTraceServiceRequest.FromString(body)
    return [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]


def values(span) -> dict:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def test_a_row_is_a_span_by_the_genai_conventions(collector, everyone):
    row = booked(
        everyone["ivo"],
        provider="claude",
        model="claude-x",
        session_id="s-7",
        processing_time_ms=1500,
        metadata={"upstream_id": "up-1"},
    )
    assert export.export_new() == 1
    ((path, headers, body),) = collector.got
    assert (path, headers["content-type"], headers["x-team"]) == (
        "/v1/traces",
        "application/x-protobuf",
        "ops one",
    )
    (span,) = spans_of(body)
    found = values(span)
    assert (span.name, span.kind) == ("chat claude-x", span.SPAN_KIND_CLIENT)
    assert span.end_time_unix_nano - span.start_time_unix_nano == 1_500_000_000
    assert abs(span.end_time_unix_nano / 1e9 - row.created_at.timestamp()) < 1e-3
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-x",
        "gen_ai.usage.input_tokens": 40,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cost": 0.05,
        "gen_ai.conversation.id": "s-7",
        "gen_ai.response.id": "up-1",
        "user.id": str(everyone["ivo"].pk),
        "aiops.log.id": str(row.pk),
    }
    assert {name: found.get(name) for name in expected} == expected
    assert "error.type" not in found
    resource = ExportTraceServiceRequest.FromString(body).resource_spans[0].resource
    assert [(one.key, one.value.string_value) for one in resource.attributes] == [
        ("service.name", "aiops-console")
    ]


def test_a_failed_call_is_an_error_and_calls_of_a_session_share_a_trace(collector, everyone):
    for code in ("", "upstream_timeout"):
        booked(everyone["ivo"], session_id="s-1", success=not code, error_code=code, error_message="It was slow.")
    booked(everyone["ivo"])
    export.export_new()
    good, bad, alone = spans_of(collector.got[0][2])
    assert (bad.status.code, values(bad)["error.type"]) == (bad.status.STATUS_CODE_ERROR, "upstream_timeout")
    assert good.status.code == good.status.STATUS_CODE_UNSET
    assert good.trace_id == bad.trace_id != alone.trace_id
    assert len({span.span_id for span in (good, bad, alone)}) == 3
    assert {(len(span.trace_id), len(span.span_id)) for span in (good, bad, alone)} == {(16, 8)}


def test_prompts_leave_only_where_both_switches_are_on(collector, everyone, settings):
    said = {"prompt_preview": "the question", "response_preview": "the answer"}
    booked(everyone["ivo"], **said)
    export.export_new()
    assert b"the question" not in collector.got[0][2]
    assert b"the answer" not in collector.got[0][2]
    settings.OTEL_CAPTURE_CONTENT = True
    booked(everyone["ivo"], **said)
    booked(everyone["ivo"])
    export.export_new()
    kept, empty = spans_of(collector.got[1][2])
    assert '"content": "the question"' in values(kept)["gen_ai.input.messages"]
    assert '"content": "the answer"' in values(kept)["gen_ai.output.messages"]
    assert "gen_ai.input.messages" not in values(empty)


def test_each_row_leaves_once_and_a_target_that_is_away_loses_none(collector, everyone):
    booked(everyone["ivo"])
    collector.answers = [503]
    assert export.export_new() == 0
    booked(everyone["ivo"])
    assert export.lags() == [(("otlp",), 2)]
    assert TelemetryMark.objects.get().error == f"{collector.netloc} answered 503."
    assert export.export_new() == 2
    assert export.export_new() == 0
    assert [len(spans_of(body)) for _, _, body in collector.got] == [1, 2]
    assert export.lags() == [(("otlp",), 0)]


def test_a_worker_killed_after_sending_sends_the_same_spans_again(collector, everyone):
    booked(everyone["ivo"])
    before = TelemetryMark.objects.get().watermark
    export.export_new()
    TelemetryMark.objects.update(watermark=before)
    export.export_new()
    first, again = (spans_of(body)[0] for _, _, body in collector.got)
    assert (first.trace_id, first.span_id) == (again.trace_id, again.span_id)


def test_a_span_that_is_refused_for_good_holds_nothing_back(collector, everyone, caplog):
    rows = [booked(everyone["ivo"]) for _ in range(3)]
    collector.answers = [413, 400, 200, 200]  # all three, the first alone, the second and the third
    assert export.export_new() == 2
    assert f"the span of row {rows[0].number} is left out" in caplog.text
    assert export.lags() == [(("otlp",), 0)]


def test_langfuse_gets_the_same_by_its_own_address(collector, everyone, settings):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = ""
    settings.LANGFUSE_HOST = f"http://{collector.netloc}/"
    settings.LANGFUSE_PUBLIC_KEY, settings.LANGFUSE_SECRET_KEY = "pk-lf-1", "sk-lf-2"
    export.export_new()
    booked(everyone["ivo"])
    assert export.export_new() == 1
    ((path, headers, body),) = collector.got
    assert path == "/api/public/otel/v1/traces"
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"pk-lf-1:sk-lf-2"
    assert len(spans_of(body)) == 1


def test_a_private_collector_that_is_not_opened_is_never_called(collector, everyone, caplog):
    outbound.configure([])
    booked(everyone["ivo"])
    assert export.export_new() == 0
    assert collector.got == []
    assert "AI_PRIVATE_HOSTS" in caplog.text
    assert "ops one" not in caplog.text


def test_e2_where_spans_go_is_the_operators_word_for_the_site_and_nobodys_with_a_role():
    """No service has an export of its own, so there is no setting of another one's to read or to change
    (docs/decisions/0017): none in a table, in the API's description, or in an address."""
    from django.apps import apps
    from django.urls import get_resolver
    from drf_spectacular.generators import SchemaGenerator

    from tests.aiops_site.test_policy import routes

    named = re.compile(r"(?i)otel|otlp|langfuse|collector|telemetry|trace.?(?:url|host|key|config)")
    fields = [
        f"{model.__name__}.{field.name}" for model in apps.get_models() for field in model._meta.get_fields()
    ]
    assert not [field for field in fields if named.search(field) and not field.startswith("TelemetryMark.")]
    assert not named.findall(json.dumps(SchemaGenerator().get_schema(public=True), default=str))
    paths = [path for path, _ in routes(get_resolver().url_patterns)]
    assert len(paths) > 100 and not [path for path in paths if named.search(path)]


def test_without_a_setting_nothing_is_read_or_kept(everyone, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert export.export_new() == 0


def test_many_rows_leave_in_batches(collector, everyone, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 2)
    for _ in range(5):
        booked(everyone["ivo"])
    assert export.export_new() == 5
    assert [len(spans_of(body)) for _, _, body in collector.got] == [2, 2, 1]
    times = [span.end_time_unix_nano for _, _, body in collector.got for span in spans_of(body)]
    assert times == sorted(times)
    assert timedelta(0) <= timedelta(seconds=(times[-1] - times[0]) / 1e9) < timedelta(minutes=5)
