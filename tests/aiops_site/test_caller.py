"""Who calls, as the sign-in limit and the audit log see it: the proxy's word, where there is a proxy."""

import pytest

from aiops_site.sign_in import signin_limit
from providers.models import AuditEntry

SENT = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.9"}


@pytest.mark.parametrize(
    ("behind", "sent", "seen"),
    [
        (True, SENT, "203.0.113.9"),
        (True, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "::1"}, "::1"),
        (True, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "nonsense"}, "10.0.0.1"),
        (True, {"REMOTE_ADDR": "10.0.0.1"}, "10.0.0.1"),
        (False, SENT, "10.0.0.1"),
    ],
)
def test_the_last_proxy_says_who_called_and_nobody_else(client, people, settings, behind, sent, seen) -> None:
    settings.BEHIND_PROXY = behind
    client.post("/login/", {"username": "mara", "password": "correct horse battery"}, **sent)
    assert AuditEntry.objects.order_by("-number").values_list("address", flat=True)[0] == seen


def test_wrong_sign_ins_of_one_caller_do_not_lock_out_another_behind_the_same_proxy(
    client, people, settings
) -> None:
    settings.BEHIND_PROXY = True
    signin_limit.limiter.cache_clear()
    for n in range(11):
        wrong = {"username": f"guess-{n}", "password": "wrong"}
        answer = client.post("/login/", wrong, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert answer.status_code == 429
    right = {"username": "mara", "password": "correct horse battery"}
    answer = client.post("/login/", right, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.8")
    assert answer.status_code == 302
