"""Which keys are masked, measured on a corpus: trust tests B10 and B11. Seeded, so that a failure comes again."""

import base64
import json
import random
import re
import string
from urllib.parse import quote

import pytest

from providers.redaction import MASK, TELLING, Redactor

ALNUM, HEX, URL = (
    string.ascii_letters + string.digits,
    "0123456789abcdef",
    string.ascii_letters + string.digits + "_-",
)
# The providers' own formats: (name, prefix, alphabet, length, ending).
FORMATS = [
    ("openai, 2023", "sk-", ALNUM, 48, ""),
    ("openai, project", "sk-proj-", URL, 156, ""),
    ("openai, project, short", "sk-proj-", URL, 48, ""),
    ("openai, service account", "sk-svcacct-", URL, 156, ""),
    ("openai, admin", "sk-admin-", URL, 120, ""),
    ("anthropic", "sk-ant-api03-", URL, 93, "AA"),
    ("anthropic, admin", "sk-ant-admin01-", URL, 93, "AA"),
    ("openrouter", "sk-or-v1-", HEX, 64, ""),
    ("deepseek", "sk-", HEX, 32, ""),
    ("alibaba", "sk-", HEX, 32, ""),
    ("opencode", "sk-", ALNUM, 64, ""),
    ("xai", "xai-", ALNUM, 80, ""),
    ("groq", "gsk_", ALNUM, 52, ""),
    ("gemini", "AIzaSy", URL, 33, ""),
    ("gemini, 2026", "AQ.Ab8RN6", URL, 44, ""),
    ("nvidia", "nvapi-", URL, 64, ""),
    ("cloudflare, user", "cfut_", ALNUM, 48, ""),
    ("cloudflare, account", "cfat_", ALNUM, 48, ""),
    ("github", "ghp_", ALNUM, 36, ""),
    ("github, app", "ghs_", ALNUM, 36, ""),
    ("github, fine", "github_pat_", ALNUM, 82, ""),
    ("gitlab", "glpat-", URL, 20, ""),
    ("this site", "aiops_", URL, 43, ""),
]
LOOK_ALIKES = """
sk-learn and scikit-learn-contrib sk-learn-contrib-imbalanced-packages sk-ill
sk-proj-management-tool-2024-edition task-0123456789abcdef0123456789abcdef
risk-assessment-for-2026-quarter-one-and-two desk-sk-eleton disk-usage-report
ask-0a1b2c3d4e5f60718293a4b5c6d7e8f90 gsk_button_toggle_widget_new gsk_render_node_get_type_v4
xai-explainability-guide xai-toolkit-for-explainable-artificial-intelligence AIzheimer AIzawa-san
nvapi-documentation-reference-guide nvapi-sys-get-driver-version ghp_ ghost_story gho_ gh_actions_runner_v2
ghs_short cfut_ cfk_table csk-wallet pplx-70b pplx-7b-online hf_hub_download hf_transfer AKIA AKIAlike ASIA
ASIAN-PACIFIC-REGION-2026 aiops_console aiops_site.web.errors glpat- glrt-runner sk-SK sk_SK.UTF-8
skeleton-0123456789abcdef0123 /var/lib/sk-data/2026/11/21/report.csv d41d8cd98f00b204e9800998ecf8427e
da39a3ee5e6b4b0d3255bfef95601890afd80709 550e8400-e29b-41d4-a716-446655440000
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 eyJhbGciOiJub25lIn0
v1.2.3-rc.4+build.5 2026-11-21T12:00:00.000Z 10.0.0.1:5432
registry.example.org/team/app:2026.11.21-0123456789ab s3://bucket/key/0123456789 ATBBQ AQ.About AQ-2026
python3.11-slim-bookworm-20261121 pod/web-7d9f8b6c5d-x2x4z kubernetes.io/service-account-token
""".split()


def made(seed: str, count: int = 200) -> list[str]:
    chance = random.Random(seed)
    name, prefix, letters, length, ending = next(each for each in FORMATS if each[0] == seed)
    return [prefix + "".join(chance.choices(letters, k=length)) + ending for _ in range(count)]


@pytest.mark.parametrize("name", [each[0] for each in FORMATS])
def test_b10_the_providers_own_formats_are_masked_also_where_nobody_stored_them(name) -> None:
    redactor, keys = Redactor([]), made(name)
    shown = [redactor.whole(f'curl -H "Authorization: Bearer {key}" https://x') for key in keys]
    caught = sum(text.endswith(f'Bearer {MASK}" https://x') for text in shown)
    assert caught / len(keys) >= 0.99


def test_b10_no_look_alike_is_changed() -> None:
    text = " ".join(LOOK_ALIKES) + "\n" + "\n".join(LOOK_ALIKES)
    assert Redactor([]).whole(text) == text
    redactor = Redactor([])
    assert "".join(redactor.feed(sign) for sign in text) + redactor.flush() == text


def in_all_spellings(key: str) -> dict[str, str]:
    coded = {f"base64 after {lead}": base64.b64encode(b"k=:"[:lead] + key.encode() + b"xyz") for lead in range(4)}
    return {
        "as it is": key,
        "base64": base64.b64encode(key.encode()).decode(),
        "base64 for URLs": base64.urlsafe_b64encode(key.encode()).decode(),
        **{name: text.decode() for name, text in coded.items()},
        "in a URL": quote(key, safe=""),
        "in a URL, small": re.sub("%..", lambda sign: sign[0].lower(), quote(key, safe="")),
        "in JSON": json.dumps({"key": key}),
        "in JSON of others": json.dumps({"key": key}).replace("/", "\\/"),
        "glued to a word": f"prefix{key}suffix",
    }


SHAPELESS = [
    "q7Zp2LkX9vT4mN8cR1wB6yH3sD5fG0jK",  # Mistral's 32
    "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0",  # Cloudflare's 40
    'we"ird/key+with=signs\\and%more-0123',
    "пароль-ключ-0123456789",
]


@pytest.mark.parametrize("key", SHAPELESS)
def test_b10_every_stored_key_is_masked_in_every_spelling(key) -> None:
    redactor = Redactor([key, "another-key-0123456789"])
    for name, text in in_all_spellings(key).items():
        shown = redactor.whole(f"It is {text} indeed.")
        core = text.strip("=")[4:-8]
        assert MASK in shown, name
        assert core not in shown, name
        assert shown.startswith("It is ")
        assert shown.endswith(" indeed.")


@pytest.mark.parametrize("key", [*SHAPELESS[:2], "sk-canary-0123456789abcdef0123456789abcdef"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 50])
@pytest.mark.parametrize("veiled", ["", "\u200b", "\u2060\ufeff"])
def test_b11_a_key_split_over_deltas_never_shows_twelve_signs(key, size, veiled) -> None:
    hidden = veiled.join(key[n : n + 7] for n in range(0, len(key), 7))
    text = f"The key is {hidden}, so keep it; a\u200bb stays."
    redactor = Redactor([key])
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    shown = "".join(redactor.feed(piece) for piece in pieces) + redactor.flush()
    assert shown == f"The key is {MASK}, so keep it; a\u200bb stays."


@pytest.mark.parametrize("name", ["openai, project", "groq", "gemini", "anthropic", "this site"])
@pytest.mark.parametrize("size", [1, 5])
def test_b11_a_key_that_nobody_stored_is_masked_in_pieces_too(name, size) -> None:
    (key,) = made(name, 1)
    text, redactor = f"Take {key} now.", Redactor([])
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    assert "".join(redactor.feed(piece) for piece in pieces) + redactor.flush() == f"Take {MASK} now."


def test_b11_nothing_but_a_possible_key_waits_for_the_next_delta() -> None:
    redactor = Redactor(["q7Zp2LkX9vT4mN8cR1wB6yH3"])
    assert redactor.feed("An honest sentence") == "An honest sentence"
    assert redactor.feed(" with q7Zp") == " with "
    assert redactor.feed(" in it") == "q7Zp in it"


def test_a_stored_key_that_the_answers_end_cuts_off_is_masked_from_twelve_signs_on() -> None:
    key = "sk-canary-0123456789abcdef0123456789abcdef"
    redactor = Redactor([key])
    for size in range(1, len(key)):
        stump = key[:size]
        expected = MASK if size >= TELLING else stump
        assert redactor.ended(f"It is {stump}")[6:] in (expected, MASK)
        assert redactor.feed(f"It is {stump}") + redactor.flush() == redactor.ended(f"It is {stump}")


def test_two_keys_of_which_one_begins_like_the_other_are_both_masked() -> None:
    short, long = "abcdefgh12345", "abcdefgh12345-and-more-6789"
    assert Redactor([short, long]).whole(f"{long} {short}") == f"{MASK} {MASK}"


def test_a_word_of_a_million_signs_is_no_trouble() -> None:
    redactor = Redactor(["q7Zp2LkX9vT4mN8cR1wB6yH3"])
    text = "sk-" + "a" * 1_000_000
    shown = "".join(redactor.feed(text[n : n + 10_000]) for n in range(0, len(text), 10_000)) + redactor.flush()
    assert len(shown) == len(text)


def test_what_only_looks_like_a_key_is_masked_at_the_very_end_of_a_stream_too() -> None:
    redactor = Redactor()
    shown = redactor.feed("Use sk-") + redactor.feed("a1b2c3d4e5" * 4) + redactor.flush()
    assert shown.startswith("Use ") and "a1b2c3" not in shown
