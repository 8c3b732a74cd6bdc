"""Callers of one analysis at the same time: one call, and what becomes of a claim whose worker is gone."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from providers.conversation import analyses
from providers.exceptions import BudgetExceeded, UpstreamError, UpstreamUnavailable
from providers.ledger import writer
from providers.models import AIAnalysis, AIUsageLog, UserAICap
from providers.runtime import loop
from providers.runtime.hop import close_all, hop
from providers.service import AIService
from tests.providers.conversation.test_analyses import HOW, analyze


def together(count: int, user, obj, openai, **more) -> list:
    """So many callers at once, whose one upstream call is held until all of them wait."""

    async def rush() -> list:
        service = AIService(user=user)
        calls = [service.aanalyze_object(obj, "summary", "Who?", **(HOW | more)) for _ in range(count)]
        tasks = [asyncio.ensure_future(call) for call in calls]
        await asyncio.to_thread(openai.wait_for, lambda made: made)
        openai.release()
        return await asyncio.gather(*tasks, return_exceptions=True)

    return loop.run(rush(), 60)


@pytest.mark.parametrize("force", [False, True])
def test_callers_at_the_same_time_make_one_call(openai, everyone, force) -> None:
    openai.script("hold")
    outcomes = together(6, everyone["ivo"], everyone["lee"], openai, force=force)
    assert len({row.pk for row in outcomes}) == len(openai.calls) == AIUsageLog.objects.count() == 1
    assert sum(not row.cached for row in outcomes) == 1


@pytest.mark.parametrize(("failure", "calls"), [(UpstreamUnavailable("Down."), 1), (BudgetExceeded("Full."), 3)])
def test_who_waited_shares_an_upstreams_failure_but_not_anothers_cap(everyone, failure, calls) -> None:
    asked = []
    wish = analyses.wish_for(everyone["lee"], everyone["ivo"].pk, "summary", None, prompt="Who?")

    async def ask():
        asked.append(1)
        for _ in range(20):  # so that the others come and wait
            await hop(AIAnalysis.objects.count)
        raise failure

    async def rush() -> list:
        calls = [analyses.analysed(wish, ask, force=False, wait_s=20) for _ in range(3)]
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = loop.run(rush(), 60)
    assert [(type(one), one.message) for one in outcomes] == [(type(failure), failure.message)] * 3
    assert len(asked) == calls


def test_a_cap_of_one_caller_does_not_refuse_another(openai, everyone) -> None:
    UserAICap.objects.create(user=everyone["ivo"], daily_token_cap=1)
    with pytest.raises(BudgetExceeded):
        analyze(everyone["ivo"], everyone["lee"])
    assert analyze(everyone["mara"], everyone["lee"]).state == "done"


def test_two_processes_make_one_call(openai, everyone) -> None:
    openai.script("hold")
    writer.shut_down()
    close_all()
    command = [
        sys.executable,
        "-m",
        "tests.providers.conversation.analysis_child",
        str(connection.settings_dict["NAME"]),
    ]
    command += [str(everyone["ivo"].pk), openai.netloc]
    environment = {**os.environ, "TEST_MASTER_KEY": settings.AI_ENCRYPTION_KEYS[0]}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    children = [subprocess.Popen(command, **pipes) for _ in range(2)]
    try:
        for child in children:
            assert child.stdout.readline() == "ready\n"
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        for child in children:
            assert child.stdout.readline() == "asking\n"
        openai.wait_for(lambda made: made, 20)
        openai.release()
        outcomes = [json.loads(child.communicate(timeout=240)[0]) for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert len({found["id"] for found in outcomes}) == 1
    assert sorted(found["cached"] for found in outcomes) == [False, True]
    assert len(openai.calls) == 1


def test_a_claim_of_a_lost_worker_runs_out(openai, everyone) -> None:
    row = analyze(everyone["ivo"], everyone["lee"])
    lost = {"state": "running", "result": None, "claim": "lost"}
    AIAnalysis.objects.update(**lost, claim_until=timezone.now() - timedelta(seconds=1))
    assert analyze(everyone["ivo"], everyone["lee"]).state == "done"
    AIAnalysis.objects.update(**lost, claim_until=timezone.now() + timedelta(seconds=30))
    with pytest.raises(UpstreamError, match="took longer than 1 s"):
        analyze(everyone["ivo"], everyone["lee"], timeout_s=1)
    assert AIAnalysis.objects.get().pk == row.pk
    assert len(openai.calls) == 2


def test_a_claim_is_renewed_while_its_caller_works(openai, everyone, monkeypatch) -> None:
    monkeypatch.setattr(analyses, "BEAT_S", 0.01)
    openai.script("hold")

    async def long() -> None:
        call = AIService(user=everyone["ivo"]).aanalyze_object(everyone["lee"], "summary", "Who?", **HOW)
        task = asyncio.ensure_future(call)
        await asyncio.to_thread(openai.wait_for, lambda made: made)
        first = (await hop(AIAnalysis.objects.get)).claim_until
        async with asyncio.timeout(10):
            while await hop(AIAnalysis.objects.filter(claim_until=first).exists):
                pass
        openai.release()
        await task

    loop.run(long(), 20)


def test_a_cancelled_caller_frees_its_claim(openai, everyone) -> None:
    openai.script("hang")

    async def leave() -> None:
        call = AIService(user=everyone["ivo"]).aanalyze_object(everyone["lee"], "summary", "Who?", **HOW)
        task = asyncio.ensure_future(call)
        await asyncio.to_thread(openai.wait_for, lambda made: made)
        task.cancel()
        await asyncio.wait([task])

    loop.run(leave(), 20)
    row = AIAnalysis.objects.get()
    assert (row.state, row.claim) == ("failed", "")
    assert analyze(everyone["ivo"], everyone["lee"], "Who?").state == "done"
