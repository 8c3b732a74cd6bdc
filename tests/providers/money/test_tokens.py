"""Bounds that real tokenizers stay under, and estimates near them.

The counts beside the texts were made by hand (common words, marks and indents are one token each), taking the
higher figure where tokenizers differ; no tokenizer is needed to run this.
"""

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.money.tokens import bound_tokens, estimate_tokens, is_english

PROSE = "The quick brown fox jumps over the lazy dog. "  # 10 tokens
HELLO = "hello world"  # 2
CODE = "def add(a: int, b: int) -> int:\n    return a + b\n"  # 20 to 23
CHINESE = "今天天气很好，我们去公园散步吧。"  # 11 to 19


@given(st.text())
def test_any_text_is_bounded_by_its_bytes(text):
    size = len(text.encode("utf-8", "surrogatepass"))
    assert 0 <= estimate_tokens(text) <= bound_tokens(text) <= size
    assert bool(text) == bool(bound_tokens(text)) == bool(estimate_tokens(text))


@pytest.mark.parametrize(("text", "real"), [(PROSE * 50, 501), (HELLO, 2), (CODE * 20, 460), (CHINESE * 20, 380)])
def test_real_counts_are_under_the_bound(text, real):
    assert real <= bound_tokens(text) <= 3.2 * real


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [(PROSE * 50, 400, 620), (HELLO, 2, 3), (CODE * 20, 340, 520), (CHINESE * 20, 260, 380)],
)
def test_estimates_are_near(text, low, high):
    assert low <= estimate_tokens(text) <= high


def test_base64_and_digits_are_taken_at_nearly_their_length():
    noise = base64.b64encode(random.Random(7).randbytes(3000)).decode()
    assert bound_tokens(noise) >= 0.85 * len(noise)  # real: about 0.65 to 0.75
    assert bound_tokens("8" * 500) == 500  # some count every digit


def test_a_question_of_two_thousand_characters_is_bounded_well_under_its_length():
    assert bound_tokens((PROSE * 50)[:2000]) < 1200


@settings(max_examples=20, deadline=None)
@given(st.text(alphabet="aB 1\n\tä日.", max_size=300), st.text(alphabet="aB 1\n\tä日.", max_size=300))
def test_text_that_grows_is_never_bounded_lower(first, second):
    assert bound_tokens(first + second) >= max(bound_tokens(first), bound_tokens(second)) - 2


def test_a_large_text_is_counted_in_linear_time():
    assert bound_tokens("!a 1" * 250_000) >= 500_000


def test_a_common_word_is_one_token_and_a_rare_one_is_not() -> None:
    assert bound_tokens("roll back because the request of the new version is slow") <= 13
    assert bound_tokens(" kubelet") >= 3
    assert bound_tokens(" BECAUSE") >= 7  # capitals are spelled out by small vocabularies


LOG = "12:04:31.220 ERROR pool exhausted: 20 of 20 connections in use, 114 waiting (checkout-api-7d4b9)\n"


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Which index would make this query fast?", True),
        (LOG * 5, True),
        ("", False),
        ("hi", False),
        ("Warum ist der Pool nach dem Deployment voll?", False),
        ("Warum ist der Pool voll?\n" + LOG * 30, False),  # the answer will be in German
        ("Quelle est la cause de la panne du service client ?", False),
        ("Por favor, analiza este fallo de la base de datos", False),
        ("请问为什么 p99 变高了", False),
    ],
)
def test_english_is_told_from_what_only_quotes_it(text: str, english: bool) -> None:
    assert is_english(text) is english
