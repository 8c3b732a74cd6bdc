"""Two web processes, two workers and two beats, each with a folder of its own, on PostgreSQL and Redis: two
hundred mixed requests and live sockets, with one of each kind told to stop in the middle. Nothing is lost, cut or
paid twice.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from tests import redis_server
from tests.aiops_site.many import HEARTS, HOLD, REFUSE, Balancer, Many, Part, Watcher, exchange, held, site
from tests.aiops_site.mixed_load import KINDS, PAGES, USERS, Load, People, ask_senate, chat
from tests.aiops_site.one_cap import holds_one_cap
from tests.aiops_site.running import START, until
from tests.benchmarks.senate_site import PERSONAS, SEED
from tests.fakes.upstream import FakeUpstream

AT_ONCE = 12
ENDS = ("done", "failed", "cancelled")
SENDING = "This beat sends from now on."
BOOKS = """
import json, sys, django
django.setup()
from collections import Counter
from providers.models import AIUsageLog
from tests.senate import invariants
everybody = invariants.all_sessions()
invariants.check(everybody)
rows = AIUsageLog.objects.all()
found = [session for session in everybody if session.pk in json.loads(sys.argv[1])]
states = Counter(session.state for session in found)
chats = rows.exclude(session_id__in=[str(session.pk) for session in everybody])
ends = Counter(f"{row.error_code or 'good'} {row.usage_source}" for row in rows)
print(json.dumps({"ends": ends, "states": states, "chats": chats.filter(success=True).count(),
                  "last": {session.pk: session.last_n for session in found}}))
"""

WAITS = "It waits while Redis is away"
ACCEPTED = f"""
import django
django.setup()
from django.contrib.auth import get_user_model
from senate import chat
print(chat.start(get_user_model().objects.get(username="bench-0"), question="{WAITS}").pk)
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory, migrated):
    with ExitStack() as held:
        upstream = held.enter_context(FakeUpstream())
        seeds = (upstream.openai_url, ",".join(PERSONAS), str(USERS))
        folder = tmp_path_factory.mktemp("many")
        try:
            running, printed = held.enter_context(site(folder, migrated, upstream, SEED, *seeds))
        except LookupError as error:
            pytest.skip(f"NOT TESTED BEYOND ONE MACHINE: {error}")
        yield running, People(printed)


def beats(many: Many) -> list[Part]:
    """Those that send, or did."""
    return [part for name, part in many.parts.items() if name.startswith("beat") and part.has_said(SENDING)]


def small(headers: dict[str, str]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in headers.items()]


def lines_of(parts: list[Part], request_id: str) -> list[dict[str, Any]]:
    return [line for part in parts for line in part.said() if line.get("request_id") == request_id]


@pytest.mark.parametrize("what", ["chat", "senate"])
def test_a_request_id_goes_from_the_web_to_the_worker_and_to_the_upstream(many, what) -> None:
    site, people = many
    web, workers = site.parts["web-1"], [part for name, part in site.parts.items() if name.startswith("worker")]
    path, body = "/api/v1/ai/chat/completions", chat(REFUSE)
    if what == "senate":
        path, body = "/api/v1/senate/sessions/", json.dumps({"question": REFUSE})
    given = f"from-a-proxy-{what}"
    _, headers, said = exchange(web.port, "POST", path, body, {**people.token(0), "X-Request-Id": given})
    assert headers["x-request-id"] == given, said
    if what == "senate":
        until(lambda: state_of(web, people, json.loads(said)["id"]) == "failed", "the end of the session")
    calls = [call for call in site.upstream.calls if ("x-request-id", given) in small(call.headers)]
    assert len(calls) == (len(PERSONAS) if what == "senate" else 1), said
    where = workers if what == "senate" else [web]
    until(lambda: len(lines_of(where, given)) >= len(calls), "a line in the log for each call")
    assert all("failed: " in line["message"] for line in lines_of(where, given) if line["level"] == "warning")


def cut_database(site: Many) -> None:
    """As when PostgreSQL is restarted: every connection that the site holds is gone."""
    with psycopg.connect(site.env["DATABASE_URL"], autocommit=True) as connection:
        cut = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        ).fetchone()
    assert cut and cut[0] > 4


def cut_messages(site: Many) -> None:
    """As when Redis is restarted: every connection that the site holds is gone."""
    with redis.Redis.from_url(site.env["REDIS_URL"]) as client:
        client.execute_command("CLIENT", "KILL", "SKIPME", "yes")


@pytest.mark.parametrize("cut", [cut_database, cut_messages], ids=["database", "messages"])
def test_f6_f3_cut_connections_are_made_anew_without_a_restart_and_nothing_is_a_fault(many, cut) -> None:
    site, people = many
    web, balancer = site.parts["web-1"], Balancer([site.parts["web-1"].port])
    cut(site)
    found = [
        exchange(web.port, "GET", "/usage/", None, people.page(0)),
        exchange(web.port, "GET", "/api/v1/senate/sessions/", None, people.token(0)),
        exchange(web.port, "POST", "/api/v1/ai/chat/completions", chat(f"After {cut.__name__}"), people.token(0)),
    ]
    assert [status for status, *_ in found] == [200, 200, 200], found
    asked = json.loads(ask_senate(balancer, people, f"After {cut.__name__}", 0)[2])["id"]
    until(lambda: state_of(web, people, asked) == "done", "the end of a session on what was made anew")


def test_g2_all_that_can_spend_at_once_fills_one_cap_and_never_passes_it(many) -> None:
    holds_one_cap(many[0])


def test_a_rolling_stop_under_load_loses_cuts_and_pays_twice_for_nothing(many) -> None:
    site, people = many
    webs, workers = [site.parts[f"web-{n}"] for n in (0, 1)], [site.parts[f"worker-{n}"] for n in (0, 1)]
    ports = [web.port for web in webs]
    balancer = Balancer(ports)
    long = [json.loads(ask_senate(balancer, people, f"{HOLD} ({n})", n)[2])["id"] for n in range(4)]
    watchers = [Watcher([ports[n], ports[1 - n]], long[n], people.page(0)["Cookie"]) for n in (0, 1)]
    for watcher in watchers:
        watcher.start()
    load = Load(balancer, people)
    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        words = chat(f"{HOLD}, please", stream=True)
        stream = pool.submit(exchange, ports[0], "POST", "/api/v1/ai/chat/completions", words, people.token(0))
        until(lambda: held(site) == 4 * len(PERSONAS) + 1, "four sessions and a stream that are held half-way")
        asked = load.start(pool)
        until(lambda: sum(load.done.values()) > 40, "a fifth of the load")
        until(lambda: beats(site), "a beat that sends")
        [leading] = beats(site)
        for part in (webs[0], workers[0], leading):
            part.terminate()
        until(lambda: webs[0].readiness()["parts"]["web"]["detail"] == "stopping", "a web process that drains")
        assert not stream.done() and webs[0].process.poll() is None
        site.upstream.release()
        site.upstream.hold_again()  # what the sessions ask next waits until the socket has come back
        for one in asked:
            one.result()
        status, _, body = stream.result()
        until(lambda: watchers[0].came_back, "the socket of the process that stopped, on the other")
        site.upstream.release()
    assert (status, body[-14:]) == (200, b"data: [DONE]\n\n")
    assert webs[0].process.wait(30) == workers[0].process.wait(30) == leading.process.wait(30) == 0
    assert not load.faults, load.faults[:5]
    assert load.done == KINDS and balancer.passed_over > 0
    for watcher in watchers:
        watcher.join(60)
    everybody = [*long, *load.sessions]
    until(lambda: all(state_of(webs[1], people, one) == "done" for one in everybody), "the end of every session")
    books = json.loads(site.run(BOOKS, json.dumps(everybody)))
    assert books["states"] == {"done": len(everybody)}
    assert books["chats"] >= KINDS["chat"] + KINDS["stream"] + 1
    posts = [call for call in site.upstream.calls if call.method == "POST"]
    ends = Counter(books["ends"])
    assert ends["lost unknown"] == 0, "who is told to stop books what it cuts off"
    cut = sum(many for end, many in ends.items() if end.startswith("cancelled"))
    arrived = Counter(call.outcome for call in posts)
    # Of what was cut off, some had left here and not arrived there yet.
    assert arrived["left"] <= cut and 0 <= ends.total() - len(posts) <= cut, (ends, arrived)
    for watcher in watchers:
        assert watcher.numbers == list(range(1, books["last"][str(watcher.session)] + 1)), "gap-free, each once"
    [other] = [part for name, part in site.parts.items() if name.startswith("beat") and part is not leading]
    until(lambda: other.has_said(SENDING), "the other beat, which goes on")


@pytest.fixture
def ended_redis(many) -> Iterator[Callable[[], str]]:
    """The site's Redis has ended, with all that it held; the function starts one anew in its place."""
    with ExitStack() as held:
        url = many[0].env["REDIS_URL"]
        with redis.Redis.from_url(url) as client:
            client.shutdown(nosave=True)
        yield lambda: held.enter_context(redis_server.server(urlsplit(url).port or 0))


def test_f4_while_redis_is_away_pages_go_on_money_is_refused_and_what_waits_then_runs_once(
    many, ended_redis
) -> None:
    """After the rolling stop: one process of each kind is left."""
    site, people = many
    web = site.parts["web-1"]
    until(lambda: web.readiness()["parts"]["redis"]["ok"] is False, "a site that knows that Redis is away")
    waiting = int(site.run(ACCEPTED))  # its message is lost: nobody took it
    for path in PAGES:
        assert exchange(web.port, "GET", path, None, people.page(0))[0] == 200, path
    assert (exchange(web.port, "GET", "/healthz")[0], exchange(web.port, "GET", "/readyz")[0]) == (200, 503)
    for path, words in (("senate/sessions/", json.dumps({"question": "?"})), ("ai/chat/completions", chat("?"))):
        status, headers, said = exchange(web.port, "POST", f"/api/v1/{path}", words, people.token(0))
        assert (status, headers["retry-after"]) == (503, "5") and b"Redis does not answer" in said, said
    assert state_of(web, people, waiting) == "queued"
    assert not asked_about(site, WAITS)

    ended_redis()
    # A worker asks for Redis at ever longer times, up to every 30 s; on a busy machine it was away for a minute.
    until(lambda: state_of(web, people, waiting) in ENDS, "the end of what waited, taken up by the sweep", START)
    assert state_of(web, people, waiting) == "done"
    until(lambda: hearts(web) == [True] * 3, "all that is left, without a restart")
    books = json.loads(site.run(BOOKS, json.dumps([waiting])))  # each call a row, each event once
    assert books["states"] == {"done": 1}
    assert sorted(Counter(asked_about(site, WAITS)).values()) == [1] * (2 * len(PERSONAS) + 1), "each once"


def hearts(web: Part) -> list[bool]:
    """Of Redis, beat and the worker that is left."""
    parts = web.readiness()["parts"]
    return [parts[name]["ok"] for name in ("redis", "beat", HEARTS[1])]


def asked_about(site: Many, words: str) -> list[str]:
    """The bodies of what the upstream was asked about these words."""
    return [said for call in site.upstream.calls if words in (said := json.dumps(call.body))]


def state_of(web: Part, people: People, session: int) -> str:
    _, _, body = exchange(web.port, "GET", f"/api/v1/senate/sessions/{session}/", None, people.token(0))
    return str(json.loads(body)["state"])
