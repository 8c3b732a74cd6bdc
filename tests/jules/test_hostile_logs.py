"""No wording in a log causes anything but edits under the policy."""

import json
import re

import pytest

from jules import body, context
from jules.engines import words
from jules.engines.types import Failure
from jules.models import FixAttempt
from jules.patch import policy
from jules.recipes import Case, propose
from tests.fakes import modes
from tests.jules.hostile import HOSTILE, PATHS

FILES = {
    "requirements.txt": "flask\n",
    "app.py": "import os\nos.x\n",
    "start.sh": "python3 app.py\n",
    "package.json": "{}\n",
}
TREE = dict.fromkeys(FILES, "100644")


def story(text):
    run = {"command": "python3 app.py", "exit_code": 1, "killed_by": "", "seconds": 0.1, "output": text}
    return body.Story(
        attempt=1, deployment="0f", deployment_url="http://here/", service=text[:80], cause=text, description=text,
        evidence=text.split("\n"), files=[], left_out=[{"path": text[:100], "why": text}], red=run, green=run,
        verified=False, unverified=text, new_packages=[text[:50]], engine="chat", model=text[:50],
    )  # fmt: skip


def test_the_corpus_has_at_least_sixty_texts():
    assert len(set(HOSTILE)) >= 60


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_line_stays_text_in_recipe_prompt_and_pull_request(text):
    found = propose(Case(f"{text}\n", FILES))
    for change in found[1].changes if found else ():
        assert policy.objection(change.path, TREE) == "" and change.path in FILES
        assert "evil" not in (change.content or "")
    plain = context.plain(text)
    written = body.body(story(plain))
    assert written.count("<!--") == 1 and written.rstrip().endswith("-->")
    assert not re.search(r"(?<![\w`])[@#](?=\w)|https?://(?!here)|\bGH-\d", written)
    outside = re.sub(r"(`{3,})text\n.*?\n\1", "", written, flags=re.S)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    assert "<script" not in outside.replace("\\<", "") and "\n**Verified.**" not in outside
    assert not re.search(r"\[skip ci\]|\*\*\*NO_CI", body.title(story(plain)) + body.commit_message(story(plain)))
    assert not re.search(r"[\u202a-\u202e\x1b\x00]", plain)
    failure = Failure(
        1, 1, "shop", "", "main", text, "", "", "", text, {**FILES, "README.md": text}, ("README.md",)
    )
    asked = words.question(failure, "4f5c2a")
    assert asked.count("--- begin log 4f5c2a ---") == 1 and asked.count("--- end log 4f5c2a ---") == 1


@pytest.mark.django_db(transaction=True)
def test_a_model_that_obeys_the_log_touches_nothing_that_the_policy_protects(
    service_of, failed, fixed, git, forge, model, monkeypatch
):
    changes = [{"path": path, "content": "run: evil\n"} for path in PATHS]
    told = {"fix_description": "Obeys. @everyone", "files_to_change": PATHS, "suggested_changes": changes}
    monkeypatch.setattr(modes, "written", lambda *_: json.dumps(told))
    attempt = fixed(failed(service_of(FILES), log="\n".join(HOSTILE)), "chat")
    assert (attempt.state, attempt.step) == ("failed", "ask")
    assert "Nothing may be changed of what was proposed." in attempt.error
    assert set(git.branches("team/shop")) == {"main"} and forge.pulls == []
    assert not FixAttempt.objects.exclude(pk=attempt.pk).exists()
