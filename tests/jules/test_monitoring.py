import pytest
from django.utils import timezone

from intelligence.fleet import samples
from intelligence.logs.secrets import redactor
from intelligence.models import Alert
from jules.context import _collect_failure_context
from jules.engines import words
from jules.monitoring import monitoring
from jules.work.ask import failure_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def deployment(service_of, failed):
    """Of a service that was killed for memory, and about which an alert fires."""
    made = failed(service_of({"app.py": "print('up')\n"}), log="boom\nlast words\n")
    now = timezone.now()
    taken = [
        {"at": now - timezone.timedelta(minutes=5 - n), "cpu_percent": 40.0, "memory_bytes": 480_000_000,
         "memory_limit_bytes": 512_000_000, "restarts": n, "oom_kills": n}
        for n in range(4)
    ]  # fmt: skip
    samples.take(made.service, taken)
    about = {
        "name": "HighErrorRate",
        "severity": "critical",
        "summary": "token sk-proj-abcdefghij0123456789abcdef",
    }
    Alert.objects.create(service=made.service, fingerprint="f1", started_at=now, **about)
    return made


def test_what_was_measured_is_told_with_its_numbers_and_without_secrets(deployment):
    lines = monitoring(deployment.service, redactor().whole)
    assert "CPU 40 %, memory 480 MB of 512 MB, restarts 3, OOM kills 3" in lines[0]
    assert any(line.startswith("OOM_KILLED (high): Killed for memory 3 times") for line in lines)
    assert lines[-1].startswith("Alert HighErrorRate (critical) fires: ") and "abcdefghij" not in lines[-1]


def test_it_is_part_of_the_context_of_the_question_and_of_the_page(deployment, fixed, as_user):
    context = _collect_failure_context(deployment, redactor(), ["app.py"], "boom\nlast words")
    assert context["log"].count("boom") == 1 and len(context["monitoring"]) >= 3
    attempt = fixed(deployment)
    shown = as_user("lee").get(f"/api/v1/jules/attempts/{attempt.pk}/").json()
    assert shown["monitoring"] == attempt.context["monitoring"]

    class Run:
        service, sources = deployment.service, {"app.py": b""}
        redactor = redactor()

    Run.attempt = attempt
    asked = words.question(failure_of(Run), "4f5c2a")
    assert "--- begin what was measured of the service 4f5c2a ---\n" in asked and "OOM_KILLED" in asked


def test_a_service_that_nobody_measures_has_no_lines(service_of, failed):
    made = failed(service_of({"app.py": "\n"}))
    assert monitoring(made.service, str) == []
    context = _collect_failure_context(made, redactor())
    assert context["monitoring"] == [] and "log" in context
