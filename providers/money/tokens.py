"""How many tokens a text is: an upper bound to reserve, and a likely count where none was reported.

No vendor's tokenizer is at hand (most are secret), so both are rules over pieces of the text.

Every token of a byte-level tokenizer holds at least one byte, so the UTF-8 length bounds any text. That is
far above prose, so what surely merges is counted lower: a common English word with the space before it at one
(`common_words`), any other word of letters with vowels at two letters a token (rates seen for the rarest
Latin-script languages are 2.3 to 2.5, for English above 4), the space before a word at nothing, indentation at
four spaces a token, and CJK characters at two (the common ones are 1 to 1.5; only rare ones cost their three
bytes). Digits, punctuation, base64 and all else stay at a token a byte.
"""

import re
from functools import lru_cache
from math import ceil

from providers.money.common_words import COMMON

_CJK = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]"
_PIECES = re.compile(
    r" ?[A-Z]?[a-z]{1,64}"  # a word, or one part of a name in camel case
    r"| ?[A-Z]{1,64}"
    r"|[0-9]{1,64}"
    r"|[ \t]{1,64}?(?= [A-Za-z])"  # indentation, but for the space that its word takes
    r"|[ \t]{1,64}"
    r"|[\r\n]{1,64}"
    rf"|{_CJK}{{1,64}}"
    r"|[!-/:-@\[-`{-~]{1,64}"
    r"|.",
    re.DOTALL,
)
_IS_CJK = re.compile(_CJK)
_NOT_A_WORD = re.compile(r"[^aeiouyAEIOUY]{5}|^[^aeiouyAEIOUY]+$")
_LONGEST_WORD = 24
_WORDS = re.compile(r"[^\W\d_]{2,}")


def _reads_as_word(piece: str) -> bool:
    return piece[-1].islower() and len(piece) <= _LONGEST_WORD and not _NOT_A_WORD.search(piece)


@lru_cache(maxsize=8192)  # text repeats its words; a piece is at most 65 characters
def _weigh(piece: str) -> tuple[int, float]:
    """Bound and likely count of one piece."""
    size = len(piece.encode("utf-8", "surrogatepass"))
    if size > len(piece):
        return (2 * len(piece), len(piece) * 0.9) if _IS_CJK.match(piece) else (size, size / 4)
    if piece.isspace():
        merges = len(piece) > 2 and piece.strip(" ") == ""
        return (1 + ceil(len(piece) / 4) if merges else len(piece)), 1
    if piece[1:] in COMMON and piece[0] == " ":
        return 1, 1
    bare = piece.removeprefix(" ")
    if bare[0].isalpha():
        if bare.lower() in COMMON and not bare.isupper():  # at the start of a line or a sentence: a piece or two
            return min(2, ceil(len(bare) / 2)), 1
        return (ceil(len(bare) / 2), max(1, len(bare) / 6)) if _reads_as_word(bare) else _letters(bare)
    return len(bare), (ceil(len(bare) / 3) if bare[0].isdigit() else max(1, len(bare) / 2))


def _letters(piece: str) -> tuple[int, float]:
    return len(piece), max(1, len(piece) / 2.5)


def bound_tokens(text: str) -> int:
    """An upper estimate of the tokens of this text, for a reservation. 0 for an empty text."""
    return sum([_weigh(piece)[0] for piece in _PIECES.findall(text)])


def estimate_tokens(text: str) -> int:
    """The likely number of tokens, for usage that was interrupted or not reported: at least 1 for any text,
    never above `bound_tokens`."""
    if not text:
        return 0
    weighed = [_weigh(piece) for piece in _PIECES.findall(text)]
    return min(sum(most for most, _ in weighed), max(1, ceil(sum(likely for _, likely in weighed))))


def is_english(text: str) -> bool:
    """True where words of English are surely what it is written in: many of all, and some of each longer line."""
    shares = []
    for line in text.lower().splitlines():
        words = _WORDS.findall(line)
        common = sum(word in COMMON for word in words)
        if len(words) >= 4 and common < 0.2 * len(words):
            return False
        shares.append((common, len(words)))
    words_in_all = sum(size for _, size in shares)
    return words_in_all >= 5 and sum(common for common, _ in shares) >= 0.4 * words_in_all
