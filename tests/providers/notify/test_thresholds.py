"""80, 95 and 100 % of a cap or a budget: told once, by every active channel, until it arrived."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from providers import retention
from providers.models import (
    AIServiceConfig,
    AuditEntry,
    CapDay,
    Notification,
    NotificationChannel,
    NotificationDelivery,
    SiteDay,
)
from providers.money import caps
from providers.notify import channels, delivery, page, thresholds

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = NOON.date()


@pytest.fixture
def webhook(hook):
    """(channel, its secret)"""
    return channels.add({"name": "Ops", "kind": "webhook", "url": f"http://{hook.netloc}/in?team=1"})


def spend(user, usd: str, tokens: int = 0, day=DAY) -> None:
    CapDay.objects.update_or_create(user=user, day=day, defaults={"used_usd": Decimal(usd), "used_tokens": tokens})


def told() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("title", flat=True))


def test_each_threshold_is_told_once_a_day(people, hook):
    ivo = people["ivo"]
    for usd in ("7.99", "8.00", "9.40", "9.50", "9.99", "10.00", "11"):
        spend(ivo, usd)
        for _ in range(2):
            thresholds.look(NOON)
    assert told() == ["ivo's daily cap is 80 % used", "ivo's daily cap is 95 % used", "ivo's daily cap is used up"]
    spend(ivo, "9", day=DAY + timedelta(days=1))
    assert thresholds.look(NOON + timedelta(days=1)) == 1


def test_tokens_count_like_money_and_reserved_is_not_used(people, hook):
    spend(people["ivo"], "0", tokens=80_000)
    CapDay.objects.create(user=people["lee"], day=DAY, reserved_usd=Decimal(10))
    assert thresholds.look(NOON) == 1
    assert Notification.objects.get().text == "80,000 of 100,000 tokens used. Resets Nov 22, 00:00 UTC."


def test_a_raised_cap_is_what_counts(people, hook):
    caps.change(people["ivo"], daily_cost_cap_usd=20, until="tonight", by=people["mara"], reason="why")
    spend(people["ivo"], "10", day=datetime.now(UTC).date())
    assert thresholds.look(datetime.now(UTC)) == 0


def test_nothing_used_passes_nothing_even_under_a_cap_of_zero(people, hook):
    caps.change(people["ivo"], daily_token_cap=0, by=people["mara"], reason="on leave")
    spend(people["ivo"], "0")
    assert thresholds.look(datetime.now(UTC)) == 0


def test_what_was_passed_in_the_last_seconds_of_a_day_is_told_after_midnight(people, hook):
    spend(people["ivo"], "9")
    assert thresholds.look(datetime(2026, 11, 22, 0, 0, 5, tzinfo=UTC)) == 1
    assert str(Notification.objects.get().day) == "2026-11-21"


def test_the_sites_budgets_have_thresholds_of_their_own(db, hook):
    config = AIServiceConfig.get_instance()
    config.pause_on_budget_exceeded = False
    config.save()
    SiteDay.objects.create(day=DAY, used_usd=Decimal(100), reserved_usd=Decimal(40))
    SiteDay.objects.create(day=DAY - timedelta(days=1), used_usd=Decimal(320))
    thresholds.look(NOON)
    thresholds.look(NOON + timedelta(hours=1))
    assert told() == [
        "The site's daily budget is 80 % used",
        "The site's daily budget is 95 % used",
        "The site's daily budget is used up",
        "The site's monthly budget is 80 % used",
    ]
    assert "it only warns, calls go on" in Notification.objects.get(event__endswith="day:2026-11-21:100").text
    assert thresholds.look(NOON + timedelta(days=1)) == 0


def test_a_webhook_is_signed_in_the_standard_way(people, hook, webhook):
    _, secret = webhook
    spend(people["ivo"], "8")
    thresholds.look(NOON)
    assert delivery.send_due(NOON) == 1
    assert delivery.send_due(NOON + timedelta(days=1)) == 0
    ((path, headers, body),) = hook.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert path == "/in?team=1"
    event = json.loads(body)
    assert (event["type"], event["timestamp"]) == ("cap.threshold", NOON.isoformat())
    assert (event["data"]["subject"], event["data"]["threshold_percent"]) == ("ivo", 80)
    assert (event["data"]["used"], event["data"]["limit"], event["data"]["measure"]) == ("$8.00", "$10.00", "cost")


def test_a_receiver_that_fails_gets_it_again_under_the_same_id(people, hook, webhook):
    hook.answers = [500, 302]
    spend(people["ivo"], "8")
    thresholds.look(NOON)
    moment = NOON
    for wait in (0, 15, 60):
        moment += timedelta(seconds=wait)
        delivery.send_due(moment)
        delivery.send_due(moment)
    assert len({headers["webhook-id"] for _, headers, _ in hook.got}) == 1
    assert len(hook.got) == 3
    row = NotificationDelivery.objects.get()
    assert (row.attempts, row.next_at, row.error) == (3, None, "")
    assert row.sent_at


def test_it_gives_up_after_the_last_attempt_and_says_why(people, hook, webhook):
    hook.answers = [503] * 20
    spend(people["ivo"], "8")
    thresholds.look(NOON)
    for hour in range(20):
        delivery.send_due(NOON + timedelta(hours=7 * hour))
    assert len(hook.got) == len(delivery.AGAIN) + 1
    (shown,) = channels.every()
    assert shown["problem"] == f"{hook.netloc} answered 503."


def test_what_a_dead_worker_had_claimed_is_sent_by_another(people, hook, webhook):
    spend(people["ivo"], "8")
    thresholds.look(NOON)
    NotificationDelivery.objects.update(next_at=NOON + delivery.CLAIM, attempts=1)
    assert delivery.send_due(NOON) == 0
    assert delivery.send_due(NOON + delivery.CLAIM) == 1


def test_mail_goes_to_everybody_named_and_is_off_without_a_server(people, hook, mail_server, settings):
    channels.add({"name": "Team", "kind": "email", "to": "a@example.org, b@example.org"})
    spend(people["ivo"], "10")
    thresholds.look(NOON)
    assert delivery.send_due(NOON) == 3
    to, text = mail_server.got[-1]
    assert to == ["a@example.org", "b@example.org"]
    assert "Subject: ivo's daily cap is used up" in text
    assert "$10.00 of $10.00 used; calls stop." in text
    settings.EMAIL_URL = ""
    assert channels.every()[0]["problem"] == "E-mail is off: set EMAIL_URL in .env and restart."
    NotificationDelivery.objects.update(next_at=NOON)
    assert delivery.send_due(NOON) == 0


def test_a_paused_channel_gets_nothing(people, hook, webhook):
    channels.switch(webhook[0], False)
    spend(people["ivo"], "8")
    thresholds.look(NOON)
    assert (delivery.send_due(NOON), hook.got) == (0, [])


def test_the_frame_shows_whom_it_concerns_until_it_is_put_away(people, hook):
    channels.add({"name": "Here", "kind": "page"})
    spend(people["ivo"], "9.6")
    thresholds.look(NOON)
    for name, sees in (("ivo", True), ("mara", True), ("ana", True), ("lee", False)):
        shown = page.unseen(people[name], NOON)
        assert [one["percent"] for one in shown] == ([95] if sees else [])
    page.put_away(people["ivo"], page.unseen(people["ivo"], NOON)[0]["id"], NOON)
    assert page.unseen(people["ivo"], NOON) == []
    assert page.unseen(people["mara"], NOON)
    assert page.unseen(people["mara"], NOON + timedelta(days=1)) == []


def test_what_is_long_over_is_forgotten(people, hook, webhook):
    spend(people["ivo"], "8")
    thresholds.look(NOON)
    retention.forget(NOON + timedelta(days=90))
    assert len(told()) == 1
    retention.forget(NOON + timedelta(days=91))
    assert told() == []
    assert not NotificationDelivery.objects.exists()


def test_secrets_of_channels_are_encrypted_and_never_told(people, hook, webhook, mara):
    channel, secret = webhook
    row = NotificationChannel.objects.filter(pk=channel.pk).extra(select={"raw": "config"}).values("raw").get()
    assert secret not in row["raw"]
    assert "team=1" not in row["raw"]
    seen = mara.get("/usage/notifications/").content + mara.get("/api/v1/ai/notifications/channels/").content
    log = "".join(f"{entry.after}{entry.before}" for entry in AuditEntry.objects.all())
    assert secret not in seen.decode() + log
    assert "team=1" not in seen.decode() + log
    assert hook.netloc in seen.decode()
