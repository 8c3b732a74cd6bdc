"""A session as it was after any of its events: the time slider's data."""

import pytest

from providers.models import AIUsageLog
from senate import chat
from tests.senate.rows import begin, deliberated, phase, running, text
from tests.senate.test_chat import QUESTION

pytestmark = pytest.mark.django_db(transaction=True)
CLOCKS = {"now", "elapsed_s"}


def still(said):
    return {name: value for name, value in said.items() if name not in CLOCKS}


def test_after_its_last_event_a_replayed_session_is_the_session(asker, committee, work):
    session = work(chat.start(asker, question=QUESTION))
    assert still(chat.transcript(session, session.last_n)) == still(chat.transcript(session))
    assert still(chat.transcript(session, session.last_n + 9)) == still(chat.transcript(session))


def test_a_replay_only_ever_adds(asker, committee, work):
    session = work(chat.start(asker, question=QUESTION))
    shots = [chat.transcript(session, n) for n in range(session.last_n + 1)]
    assert [shot["last_n"] for shot in shots] == list(range(session.last_n + 1))
    assert shots[0]["state"] == "queued" and shots[0]["members"][0]["call"] is None
    for before, after in zip(shots, shots[1:], strict=False):
        assert len(before["resolution"]["text"]) <= len(after["resolution"]["text"])
        assert before["votes"]["votes_in"] <= after["votes"]["votes_in"]
        for one, two in zip(before["members"], after["members"], strict=True):
            assert not one["call"] or two["call"]["text"].startswith(one["call"]["text"][:40])
    assert {shot["phase"] for shot in shots} == {"", "propose", "review", "chair"}
    assert all(shot["open"] and not shot["finished_at"] for shot in shots[:-1]) and not shots[-1]["open"]


def test_a_half_written_text_is_replayed_as_it_stood_then(asker):
    session = running(asker)
    phase(session, "propose", 3)
    begin(session, 0)
    text(session, 0, "Roll ")
    text(session, 0, "back.", offset=5)
    begin(session, 1)
    shots = [chat.transcript(session, n)["members"][0] for n in range(5)]
    assert [shot["state"] for shot in shots] == ["waiting", "waiting", "waiting", "writing", "writing"]
    assert [shot["call"]["text"] for shot in shots[2:]] == ["", "Roll ", "Roll back."]


def test_the_page_and_the_api_show_a_session_at_an_event(asker, committee, work, client):
    session = work(chat.start(asker, question=QUESTION))
    client.force_login(asker)
    said = client.get(f"/api/v1/senate/sessions/{session.pk}/", {"at": 3}).json()
    assert (said["last_n"], said["newest_n"], said["replay"]) == (3, session.last_n, True)
    page = client.get(f"/senate/{session.pk}/", {"at": 3}).content.decode()
    assert "data-live" not in page and 'data-n="3"' in page
    assert client.get(f"/api/v1/senate/sessions/{session.pk}/", {"at": "x"}).status_code == 400


def test_the_chairs_usage_row_carries_the_votes_and_the_resolution(asker, committee, work):
    session = work(chat.start(asker, question=QUESTION))
    (row,) = AIUsageLog.objects.filter(session_id=str(session.pk), operation="senate.chair")
    assert row.metadata["resolution"] == session.resolution
    votes = row.metadata["votes"]
    assert len(votes) == 20 and set(votes[0]) == {"reviewer", "proposal", "agree", "reason"}
    assert votes[0]["reviewer"].startswith("local/fake-")


def test_of_a_private_session_the_ledger_keeps_no_words(asker, committee, work):
    session = work(chat.start(asker, question=QUESTION, visibility="private"))
    (row,) = AIUsageLog.objects.filter(session_id=str(session.pk), operation="senate.chair")
    assert row.metadata["resolution"] == "Not shared with the team."
    assert set(row.metadata["votes"][0]) == {"reviewer", "proposal", "agree"}


def test_the_bar_of_an_ended_session_replays_it_and_a_replayed_page_has_no_running_clock(asker, client):
    session = deliberated(asker)
    client.force_login(asker)
    whole = client.get(f"/senate/{session.pk}/").content.decode()
    assert f'max="{session.last_n}" value="{session.last_n}"' in whole and f"{session.last_n} events" in whole
    past = client.get(f"/senate/{session.pk}/", {"at": 3}).content.decode()
    assert f"Event 3 of {session.last_n}" in past and f'max="{session.last_n}" value="3"' in past
    assert "data-started" not in past and "data-since" not in past and 'data-state="ended"' in past
    assert "cancel-dialog" not in past and 'data-answer="past"' in past


def test_the_list_counts_the_ballots_that_disagree(asker, client):
    deliberated(asker)
    client.force_login(asker)
    (row,) = client.get("/api/v1/senate/sessions/").json()["results"]
    assert row["dissents"] == 1
    assert "1 dissent<" in client.get("/senate/").content.decode()
