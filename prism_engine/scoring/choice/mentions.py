"""What a reply mentions: option letters and option texts as whole words, those that it rules out left aside."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.scorer import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.records import Option

_MOST_MENTIONS: Final = 200
"""Mentions that are looked at; a reply with more of them has not made up its mind."""
_AROUND: Final = 80
"""Characters on either side of a letter in which a word may rule it out."""
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
    """A reply beside the options of its question, ready to be searched."""

    def __init__(self, text: str, options: Sequence[Option]) -> None:
        self.text = text
        self.lowered = lowered(text)
        self.letters = frozenset(option.letter for option in options)
        self._options = options
        self.room = 2 * sum(len(option.text) for option in options)
        """The length up to which a reply is taken as a whole for an option's text."""

    @cached_property
    def _texts(self) -> list[tuple[str, str]]:
        """Letters and texts, longest first, so that "hot dog" is found before "dog"; many replies need none."""
        texts = [(option.letter, _searchable(option.text)) for option in self._options if option.text]
        return sorted(texts, key=lambda pair: -len(pair[1]))

    def text_at(self, place: int) -> str | None:
        """Return the letter of the longest option text that begins there, after an article; None where none does."""
        end = self.text.find(" ", place, place + 4)
        if end > 0 and self.lowered[place:end] in ("a", "an", "the"):
            place = end + 1
        for letter, text in self._texts:
            if self.lowered.startswith(text, place) and self._whole(place, place + len(text)):
                return letter if self._is_unique(text) else None
        return None

    def is_text(self, letter: str, words: str) -> bool:
        """Whether the words are that option's text, marks around them aside."""
        return (letter, lowered(words).strip(_EDGES)) in self._texts

    def option_of(self, words: str) -> str | None:
        """Return the letter of the option whose text the words are, and nothing else."""
        if len(words) > self.room + 40:
            return None  # longer than any of them with marks around it, normalised or not
        said = lowered(words).strip(_EDGES)
        letters = [letter for letter, text in self._texts if text == said]
        return letters[0] if len(letters) == 1 else None

    def named_letters(self) -> set[str]:
        """Return the option letters that are mentioned and not ruled out; Z only where no letter but Z is."""
        found = [mention for mention in _LETTER.finditer(self.text) if mention[1] in self.letters | {REFUSAL}]
        if len(found) > _MOST_MENTIONS:
            return {mention[1] for mention in found}
        meant = {
            mention[1]
            for mention in found
            if not self._is_ruled_out(mention) and not is_article(self.text, mention[1], mention.end())
        }
        if len(meant) > 1:
            meant.discard(REFUSAL)
        return meant

    def lone_text(self, *, weighed: bool) -> str | None:
        """Return the only option whose text is there: anywhere in a short reply, in the last sentence of a long one.

        Args:
            weighed: several options are named, so that the last sentence may be about any of them.
        """
        short = len(self.text.strip()) <= max(self.room, 120)
        found = self._only_text(0) if short else None
        return found if found or weighed else self._only_text(self._last_sentence())

    def _only_text(self, start: int) -> str | None:
        taken: list[tuple[int, int]] = []
        letters = set()
        for letter, text in self._texts:
            for begin in self._places(text, start):
                if not any(low <= begin < high and (low, high) != (begin, begin + len(text)) for low, high in taken):
                    taken.append((begin, begin + len(text)))
                    letters.add(letter)
        if len(letters) != 1:
            return None
        (letter,) = letters
        # "A dog" where B is "dog" may mean either.
        either = letter != "A" and "A" in self.letters and self.text[:2] == "A " and self.is_text(letter, self.text[2:])
        return None if either else letter

    def _places(self, text: str, start: int) -> Iterator[int]:
        if len(text) < 2 and text.isalpha() and text.isascii():
            return  # a single letter is in every sentence
        place = self.lowered.find(text, start) if text else -1
        seen = 0
        while place >= 0 and seen < _MOST_MENTIONS:
            seen += 1
            end = place + len(text)
            if self._whole(place, end) and not _DENIED.search(self.lowered[max(0, place - 30) : place]):
                yield place
            place = self.lowered.find(text, end)

    def _whole(self, begin: int, end: int) -> bool:
        """Whether that part of the reply is not the inside of a longer word or number, nor a negative number's."""
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
    """Return full-width letters and marks, and others that are written in two ways, in one."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def is_article(text: str, letter: str, end: int) -> bool:
    """Whether the letter before `end` is the article "a" or the pronoun "I" rather than an option's."""
    return letter in "AaI" and _ARTICLE.match(text, end) is not None


def lowered(text: str) -> str:
    """Lower-case code point by code point, so that places in both texts are the same."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(one.lower() if len(one.lower()) == 1 else one for one in text)


def _searchable(text: str) -> str:
    low = lowered(narrow(text))
    return low.strip(_EDGES) or low


def _joins(pair: str) -> bool:
    """Whether two neighbours belong to one word; in scripts without blanks nothing does."""
    return len(pair) == 2 and all(one.isalnum() and not "\u2e80" <= one <= "\ud7ff" for one in pair)
