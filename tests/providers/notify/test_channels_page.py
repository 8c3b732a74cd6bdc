"""Channels: who may change them, what can be typed, the test button; what the frame shows."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from providers.models import AuditEntry, CapDay, NotificationChannel
from providers.notify import thresholds

PAGE, API = "/usage/notifications/", "/api/v1/ai/notifications/channels/"


def test_a_webhook_is_added_tried_paused_and_deleted_on_the_page(mara, hook):
    page = mara.post(PAGE, {"name": "Ops", "kind": "webhook", "url": f"http://{hook.netloc}/x", "secret": ""})
    assert page.status_code == 201
    assert "whsec_" in page.content.decode()
    channel = NotificationChannel.objects.get()
    for act, word in (("test", "took the test"), ("pause", "is paused"), ("resume", "is on again")):
        assert mara.post(f"{PAGE}{channel.pk}/", {"act": act})["Location"] == PAGE
        assert word in mara.get(PAGE).content.decode()
    assert [path for path, _, _ in hook.got] == ["/x"]
    hook.answers = [404]
    mara.post(f"{PAGE}{channel.pk}/", {"act": "test"})
    assert f"Ops: {hook.netloc} answered 404." in mara.get(PAGE).content.decode()
    mara.post(f"{PAGE}{channel.pk}/", {"act": "delete"})
    assert "No channel yet, so nobody is told." in mara.get(PAGE).content.decode()
    acts = AuditEntry.objects.filter(object_type="channel").order_by("number").values_list("action", "outcome")
    assert list(acts) == [
        ("channel.add", "done"),
        ("channel.test", "done"),
        ("channel.change", "done"),
        ("channel.change", "done"),
        ("channel.test", "refused"),
        ("channel.delete", "done"),
    ]


def test_the_api_does_the_same(mara, hook):
    made = mara.post(API, {"name": "Ops", "kind": "webhook", "url": f"http://{hook.netloc}/"}, "application/json")
    assert made.status_code == 201
    one = f"{API}{made.json()['id']}/"
    assert made.json()["secret"].startswith("whsec_")
    assert "secret" not in mara.get(one).json()
    assert mara.patch(one, {"active": False}, "application/json").json()["active"] is False
    assert mara.post(f"{one}test/").json() == {"told": "Ops took the test."}
    hook.answers = [500]
    refused = mara.post(f"{one}test/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "not_delivered")
    assert mara.delete(one).status_code == 204
    assert mara.get(one).status_code == 404


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "", "kind": "page"}, "name"),
        ({"name": "x" * 81, "kind": "page"}, "name"),
        ({"name": "a", "kind": "pigeon"}, "kind"),
        ({"name": "a", "kind": "email", "to": "nobody"}, "to"),
        ({"name": "a", "kind": "email", "to": []}, "to"),
        ({"name": "a", "kind": "email", "to": ["a@example.org\nBcc: b@example.org"]}, "to"),
        ({"name": "a", "kind": "webhook"}, "url"),
        ({"name": "a", "kind": "webhook", "url": "http://169.254.169.254/latest"}, "url"),
        ({"name": "a", "kind": "webhook", "url": "https://10.0.0.1/"}, "url"),
        ({"name": "a", "kind": "webhook", "url": "file:///etc/passwd"}, "url"),
        ({"name": "a", "kind": "webhook", "url": "https://user:pw@hooks.example.org/"}, "url"),
        ({"name": "a", "kind": "webhook", "url": "https://hooks.example.org/", "secret": "short"}, "secret"),
        ({"name": "a", "kind": "page", "user": 1}, "user"),
    ],
)
def test_what_cannot_be_a_channel_is_said_at_its_field(mara, hook, given, field):
    answer = mara.post(API, given, "application/json")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)
    assert not NotificationChannel.objects.exists()


def test_two_channels_of_one_name_are_refused(mara, hook):
    for status in (201, 400):
        assert mara.post(API, {"name": "a", "kind": "page"}, "application/json").status_code == status


def test_only_an_admin_changes_channels(lee, hook):
    assert lee.get(PAGE).status_code == 403
    assert lee.post(PAGE, {"name": "a", "kind": "page"}).status_code == 403


def test_the_frame_tells_and_dismisses(mara, lee, people, hook):
    NotificationChannel.objects.create(name="Here", kind="page")
    now = datetime.now(UTC)
    CapDay.objects.create(user=people["ivo"], day=now.date(), used_usd=Decimal("8.5"))
    thresholds.look(now)
    words = "ivo&#x27;s daily cap is 80 % used"
    assert words in mara.get("/usage/").content.decode()
    assert words not in lee.get("/usage/").content.decode()
    (told,) = mara.get("/api/v1/ai/notifications/").json()["notifications"]
    assert lee.post(f"{PAGE}{told['id']}/seen/").status_code == 404
    assert mara.post(f"{PAGE}{told['id']}/seen/", {"back": "/usage/?range=7d"})["Location"] == "/usage/?range=7d"
    assert mara.post(f"{PAGE}{told['id']}/seen/", {"back": "//evil.example"})["Location"] == "/"
    assert words not in mara.get("/usage/").content.decode()


def test_the_frame_shows_one_notice_however_many_are_near_a_limit(mara, people, hook):
    NotificationChannel.objects.create(name="Here", kind="page")
    now = datetime.now(UTC)
    for name, usd in (("ivo", "8.5"), ("lee", "10"), ("ana", "9.6")):
        CapDay.objects.create(user=people[name], day=now.date(), used_usd=Decimal(usd))
    thresholds.look(now)
    page = mara.get("/usage/").content.decode()
    assert "lee&#x27;s daily cap is used up" in page
    assert "And 2 more near a limit." in page
    told = mara.get("/api/v1/ai/notifications/").json()["notifications"]
    assert [one["percent"] for one in told] == [100, 95, 80]
    mara.post(f"{PAGE}{told[0]['newest']}/seen/", {"all": "1", "back": "/usage/"})
    assert mara.get("/api/v1/ai/notifications/").json() == {"notifications": []}
