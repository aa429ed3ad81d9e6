"""Finds the option letters and option texts that a reply mentions as whole words and does not rule out."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.scorer import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.records import Option

_MAX_MENTIONS: Final = 200
"""Maximum number of mentions to examine; a reply with more of them has not decided."""
_AROUND: Final = 80
"""Characters on either side of a letter in which a word may rule the letter out."""
_LETTER: Final = re.compile(
    r"(?<![A-Za-z0-9'’])(?<![A-Za-z0-9][.'’-])(?<!N/)([A-Z])(?![A-Za-z0-9]|['’-][A-Za-z]|\.[A-Za-z])"
)
_AGAINST: Final = re.compile(
    r"\b(?:not|wrong|incorrect|rul(?:e|ed|es|ing) out|eliminat\w{1,5}|unlikely|neither|cannot|false|excluded?)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_ARTICLE: Final = re.compile(
    r"\s+(?!(?:because|since|as|and|but|or|which|given|due|based|for|is|are|was|may|might|could|can|cannot|would|will|does"
    r"|seems|looks|appears|fits|matches|says|shows|describes|mentions|contradicts)\b)[a-z]"
)
_SENTENCE_END: Final = re.compile(r"[.!?;\n。](?:\s|$)")
_DENIED: Final = re.compile(r"(?:\b(?:not|no|never|without)|n['’]t)\s(?:\w{1,12}\s){0,2}$", re.IGNORECASE)
_NUMBER_BEFORE: Final = re.compile(r"(?:\d[.,]|(?<!\w)[-−.])$")
_NUMBER_AFTER: Final = re.compile(r"[.,]\d|\s?%")
_EDGES: Final = " \t\r\n.,;:!?*_`\"'“”‘’()[]{}。"


class Choices:
    """A reply and its question's options, prepared for searching."""

    def __init__(self, text: str, options: Sequence[Option]) -> None:
        self.text = text
        self.lowered = lowered(text)
        self.letters = frozenset(option.letter for option in options)
        self._options = options
        self.text_length_limit = 2 * sum(len(option.text) for option in options)
        """Maximum length of a reply that as a whole may be an option's text."""

    @cached_property
    def _texts(self) -> list[tuple[str, str]]:
        """Letters and texts, longest first, so that "hot dog" is found before "dog"; lazy: many replies need none."""
        texts = [(option.letter, _searchable(option.text)) for option in self._options if option.text]
        return sorted(texts, key=lambda pair: -len(pair[1]))

    def text_at(self, position: int) -> str | None:
        """Return the letter of the longest option text that begins there, or after an article there; else None."""
        end = self.text.find(" ", position, position + 4)
        if end > 0 and self.lowered[position:end] in ("a", "an", "the"):
            position = end + 1
        for letter, text in self._texts:
            if self.lowered.startswith(text, position) and self._whole(position, position + len(text)):
                return letter if self._is_unique(text) else None
        return None

    def is_text(self, letter: str, words: str) -> bool:
        """Whether the words are that option's text, apart from punctuation around them."""
        return (letter, lowered(words).strip(_EDGES)) in self._texts

    def option_of(self, words: str) -> str | None:
        """Return the letter of the option whose text equals the words; None if there is none or more than one."""
        if len(words) > self.text_length_limit + 40:
            return None  # longer than any option text with punctuation around it, normalised or not
        bare = lowered(words).strip(_EDGES)
        letters = [letter for letter, text in self._texts if text == bare]
        return letters[0] if len(letters) == 1 else None

    def named_letters(self) -> set[str]:
        """Return the option letters that are mentioned and not ruled out; Z only if it is the only one."""
        found = [mention for mention in _LETTER.finditer(self.text) if mention[1] in self.letters | {REFUSAL}]
        if len(found) > _MAX_MENTIONS:
            return {mention[1] for mention in found}
        meant = {
            mention[1]
            for mention in found
            if not self._is_ruled_out(mention) and not is_article(self.text, mention[1], mention.end())
        }
        if len(meant) > 1:
            meant.discard(REFUSAL)
        return meant

    def lone_text(self, *, multiple_named: bool) -> str | None:
        """Return the only option whose text occurs: anywhere in a short reply, in the last sentence of a long one.

        Args:
            multiple_named: the reply names multiple options, so its last sentence may be about any of them.
        """
        short = len(self.text.strip()) <= max(self.text_length_limit, 120)
        found = self._only_text(0) if short else None
        return found if found or multiple_named else self._only_text(self._last_sentence())

    def _only_text(self, start: int) -> str | None:
        spans: list[tuple[int, int]] = []
        letters = set()
        for letter, text in self._texts:
            for begin in self._positions(text, start):
                if not any(low <= begin < high and (low, high) != (begin, begin + len(text)) for low, high in spans):
                    spans.append((begin, begin + len(text)))
                    letters.add(letter)
        if len(letters) != 1:
            return None
        (letter,) = letters
        # "A dog" may mean option A or option B if the text of B is "dog".
        either = letter != "A" and "A" in self.letters and self.text[:2] == "A " and self.is_text(letter, self.text[2:])
        return None if either else letter

    def _positions(self, text: str, start: int) -> Iterator[int]:
        if len(text) < 2 and text.isalpha() and text.isascii():
            return  # a single letter occurs in every sentence
        position = self.lowered.find(text, start) if text else -1
        count = 0
        while position >= 0 and count < _MAX_MENTIONS:
            count += 1
            end = position + len(text)
            if self._whole(position, end) and not _DENIED.search(self.lowered[max(0, position - 30) : position]):
                yield position
            position = self.lowered.find(text, end)

    def _whole(self, begin: int, end: int) -> bool:
        """Whether that part of the reply is not inside a longer word or number, nor part of a negative number."""
        text = self.lowered
        if _joins(text[begin - 1 : begin + 1]) or _joins(text[end - 1 : end + 1]):
            return False
        if text[begin].isdigit() and _NUMBER_BEFORE.search(text[max(0, begin - 2) : begin]):
            return False
        return not (text[end - 1].isdigit() and _NUMBER_AFTER.match(text[end : end + 2]))

    def _is_unique(self, text: str) -> bool:
        return sum(other == text for _, other in self._texts) == 1

    def _is_ruled_out(self, mention: re.Match[str]) -> bool:
        before = self.text[max(0, mention.start() - _AROUND) : mention.start()]
        after = self.text[mention.end() : mention.end() + _AROUND]
        ends = [end.end() for end in _SENTENCE_END.finditer(before)]
        stop = _SENTENCE_END.search(after, 1)
        sentence = before[ends[-1] if ends else 0 :] + " " + after[: stop.start() if stop else None]
        return _AGAINST.search(sentence) is not None

    def _last_sentence(self) -> int:
        body = self.text.rstrip().rstrip(_EDGES)
        ends = [end.end() for end in _SENTENCE_END.finditer(body, max(0, len(body) - 300))]
        return ends[-1] if ends else max(0, len(body) - 300)


def narrow(text: str) -> str:
    """Normalise full-width letters and punctuation, and other compatibility forms (NFKC)."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def is_article(text: str, letter: str, end: int) -> bool:
    """Whether the letter before `end` is the article "a" or the pronoun "I" rather than an option letter."""
    return letter in "AaI" and _ARTICLE.match(text, end) is not None


def lowered(text: str) -> str:
    """Lower-case code point by code point, so that positions in both texts are the same."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def _searchable(text: str) -> str:
    low = lowered(narrow(text))
    return low.strip(_EDGES) or low


def _joins(pair: str) -> bool:
    """Whether two adjacent characters belong to one word; in scripts without spaces none do."""
    return len(pair) == 2 and all(char.isalnum() and not "\u2e80" <= char <= "\ud7ff" for char in pair)
