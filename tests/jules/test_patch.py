import json

import pytest

from jules.patch import caps, cheats, policy
from jules.patch.contract import Change, Edit, Unusable, read
from jules.patch.edits import NotApplied, apply

TREE = {"app/main.py": "100644", "link": "120000", "vendor/lib": "160000", "README.md": "100644", "run": "100755"}


def answer(*changes, **more):
    paths = [c["path"] for c in changes]
    return {"fix_description": "Adds it.", "files_to_change": paths, "suggested_changes": list(changes), **more}


WHOLE = {"path": "a.txt", "content": "x\n"}
EDITED = {"path": "b.txt", "edits": [{"search": "old", "replace": "new"}]}


@pytest.mark.parametrize("around", ["{}", "  {}\n", "```json\n{}\n```", "Here it is:\n```\n{}\n```\n"])
def test_a_proposal_is_read_also_from_a_fence(around):
    proposal = read(around.replace("{}", json.dumps(answer(WHOLE, EDITED))))
    assert proposal.changes == (Change("a.txt", "x\n"), Change("b.txt", None, (Edit("old", "new"),)))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("no json", "one JSON object"),
        ("[" * 100_000, "one JSON object"),
        ([], "one JSON object"),
        (answer(WHOLE, run="rm"), "Unknown field 'run'"),
        (answer(), "at least one change"),
        (answer(WHOLE, WHOLE), "changed twice"),
        (answer({"path": "a"}), "either `content` or `edits`"),
        (answer(WHOLE | {"edits": EDITED["edits"]}), "either `content` or `edits`"),
        (answer({"path": "a", "edits": [{"search": " ", "replace": "x"}]}), "must quote the lines"),
        (answer({"path": "a", "edits": ["x"]}), "`search` and `replace` as text"),
        (answer(WHOLE) | {"files_to_change": ["other"]}, "name different files"),
        (answer(WHOLE) | {"fix_description": " "}, "must be a sentence"),
        (answer(*({"path": f"f{n}", "content": ""} for n in range(51))), "too many"),
    ],
)
def test_an_answer_that_cannot_be_used_says_every_fault(value, says):
    with pytest.raises(Unusable) as caught:
        read(value if isinstance(value, str) else json.dumps(value))
    assert any(says in error for error in caught.value.errors)


def edited(before, *edits):
    return apply(Change("f.py", None, tuple(Edit(*e) for e in edits)), before)


def test_line_ends_mark_and_missing_last_line_end_stay():
    assert (
        edited(b"\xef\xbb\xbfa = 1\r\nb = 2", ("b = 2", "b = 3\nc = 4")) == b"\xef\xbb\xbfa = 1\r\nb = 3\r\nc = 4"
    )
    assert apply(Change("f", "x\ny\n"), b"a\r\nb\r\n") == b"x\r\ny\r\n"
    assert apply(Change("f", "x\n"), None) == b"x\n"


def test_an_edit_with_other_indentation_is_placed_where_it_belongs():
    before = b"class A:\n    def f(self):\n        x = 1\n        return x\n"
    after = edited(before, ("x = 1\nreturn x", "x = 2\nif x:\n    return x"))
    assert after == b"class A:\n    def f(self):\n        x = 2\n        if x:\n            return x\n"


@pytest.mark.parametrize(
    ("before", "edit", "says"),
    [
        (b"a\na\n", ("a", "b"), "stands 2 times"),
        (b"port = 80\n", ("prot = 80", "port = 81"), "most similar lines are:\nport = 80"),
        (b"new\n", ("old", "new"), "in the file already"),
        (b"a\0b", ("a", "b"), "binary"),
        (b"\xff\xfe", ("a", "b"), "not UTF-8"),
        (None, ("a", "b"), "does not exist"),
    ],
)
def test_an_edit_that_does_not_fit_is_never_guessed(before, edit, says):
    with pytest.raises(NotApplied, match=says):
        edited(before, edit)


@pytest.mark.parametrize("path", ["app/main.py", "app/new.py", "new/deep/file.txt", ".env.example", "run"])
def test_ordinary_paths_may_be_touched(path):
    assert policy.objection(path, TREE) == ""


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "../x", "a/../../b", "./x", "a//b", "a/", ".git/config", ".GIT/hooks/x",
        "sub/.git/config", "GIT~1/x", "a\\..\\b", "a\nb", "a\0b", "\u202egpj.exe", ".g\u200cit/config", "x" * 251,
        "link", "link/below", "vendor/lib", "vendor/lib/x", "app/main.py/x",
        "APP/main.py", "readme.md", "app", "cafe\u0301.txt", "c:/x",
        ".github/workflows/ci.yml", ".gitlab-ci.yml", "Jenkinsfile", ".circleci/config.yml", ".gitmodules",
        ".gitattributes", ".husky/pre-commit", "CODEOWNERS", "docs/CODEOWNERS", "poetry.lock", "package-lock.json",
        "web/yarn.lock", "go.sum", ".env", "web/.env.production", "tls/server.key", "id_rsa", ".npmrc", "name. ",
    ],
)  # fmt: skip
def test_other_paths_are_refused_with_a_reason(path):
    assert policy.objection(path, TREE)


def test_over_the_cap_whole_files_are_taken_those_of_the_trace_first():
    files = [caps.Sized(f"f{n}.py", 9_000) for n in range(7)]
    taken = caps.take(files, named=["f6.py"])
    assert [f.path for f in taken.files] == ["f0.py", "f1.py", "f2.py", "f3.py", "f6.py"]
    assert taken.truncated and [f.path for f in taken.left_out] == ["f4.py", "f5.py"]


def test_the_cap_of_files_holds_however_small_they_are():
    assert len(caps.take([caps.Sized(f"f{n}.py", 1) for n in range(6)]).files) == 5


@pytest.mark.parametrize(("size", "kept"), [(50_000, 1), (50_001, 0)])
def test_the_byte_cap_holds_to_the_byte(size, kept):
    assert len(caps.take([caps.Sized("f", size)]).files) == kept


def test_a_deleted_test_is_named():
    before = "def test_a():\n    assert f() == 1\n\n\ndef test_b():\n    assert g() == 2\n"
    found = cheats.find([cheats.File("tests/test_login.py", before, before[: before.index("def test_b")])])
    assert [(f.rule, f.says) for f in found][0] == ("deleted_test", "1 test deleted in tests/test_login.py.")


def test_mending_code_with_a_new_test_is_honest():
    files = [
        cheats.File("app.py", "def f():\n    return 1 / 0\n", "def f():\n    return 1\n"),
        cheats.File("tests/test_app.py", None, "def test_f():\n    assert f() == 1\n"),
        cheats.File("requirements.txt", "django\n", "django\nrequests==2.0\n"),
    ]
    assert cheats.find(files) == ()
