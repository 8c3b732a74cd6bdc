"""`manage.py deployment` on a machine without HTTP."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from intelligence.logs import logbook
from intelligence.models import Deployment

pytestmark = pytest.mark.django_db


def run(*words):
    out = io.StringIO()
    call_command("deployment", *words, stdout=out)
    return out.getvalue().strip()


def test_a_deployment_is_reported_with_its_log_and_moved_on(service, tmp_path, monkeypatch):
    (tmp_path / "build.log").write_bytes(b"one\n\xff\ntwo")
    made = Deployment.objects.get(
        pk=run("report", "Checkout-API", "BUILDING", "--commit", "a41f9c2", "--log", str(tmp_path / "build.log"))
    )
    assert (made.status, made.commit, made.log_lines, made.service) == ("BUILDING", "a41f9c2", 3, service)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"three\n"))))
    assert run("log", str(made.pk)) == "3 lines, 17 bytes"
    assert b"".join(logbook.stream(made)).endswith(b"twothree\n")
    assert (
        run("status", str(made.pk), "FAILED", "--reason", "It broke.") == "FAILED checkout-api a41f9c2: It broke."
    )
    assert run("status", str(made.pk)) == "FAILED checkout-api a41f9c2: It broke."


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("report", "nothing", "FAILED"), "no service 'nothing'"),
        (("report", "checkout-api", "FAILED", "--commit", "zzz"), "no commit id"),
        (("report", "checkout-api", "FAILED", "--log", "/nowhere/x.log"), "No such file"),
        (("log", "not-an-id"), "no deployment"),
        (("status", "00000000-0000-4000-8000-000000000000"), "no deployment"),
        (("report", "checkout-api", "BROKEN"), "invalid choice"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(service, words, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(*words)


def test_a_step_backwards_is_refused(service):
    made = run("report", "checkout-api", "RUNNING")
    with pytest.raises(CommandError, match="can't become"):
        run("status", made, "BUILDING")
