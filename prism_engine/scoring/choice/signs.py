"""Replaces what a reply says about options by signs: one character per mention, so that grammar needs no options.

"The answer is (B) dog, not cat" becomes "the answer is <B>, not <A>", where <B> is a private-use character that
encodes the option and how it is named: by its letter, by its letter in a form that nothing else has (`(B)`,
`option B`, `B. dog`), or by its text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.choice.common_words import is_mention
from prism_engine.scoring.choice.option_names import (
    ARTICLE,
    EDGES,
    JOINING,
    any_of,
    beginnings,
    canonical,
    lowered_alike,
    names_of,
    short_names,
    spelt_out,
)
from prism_engine.scoring.choice.plain_text import plain_text
from prism_engine.scoring.scorer import REFUSAL, says_it_cannot_tell

if TYPE_CHECKING:
    from prism_engine.records import Option

_PLAIN, _MARKED, _TEXT = 0xE000, 0xE100, 0xE200
SIGN: Final = "[\ue000-\ue2ff]"
LETTER: Final = "[\ue000-\ue1ff]"
TEXT: Final = "[\ue200-\ue2ff]"
_MOST_OPTIONS: Final = 200

_BEFORE: Final = rf"(?<![{JOINING}])(?<![{JOINING}]['.&-])(?<!N/)"
_AFTER: Final = rf"(?![{JOINING}]|['&-][A-Za-z]|\.[A-Za-z])"
_NAMING: Final = (
    r"(?:options?|choices?|letter|alternative|answers?|opción|opção|opzione|optie|lettre|letra"
    r"|lettera|alternativa|вариант)"
)
_FOLLOWERS: Final = (
    r"(?:is|isn't|then|more|survives|passes|wins|holds|stays|works|because|since|as|and|or|nor|but|which|given"
    r"|due|based|for|are|was|may|might|could|can|cannot|can't"
    r"|would|will|wouldn't|does|doesn't|seems?|looks?|appears?|fits?|matches|says|shows|describes|mentions|contradicts"
    r"|has|lacks|fails|corresponds|remains|it|over|rather|instead|makes|must|should|comes|out|also|not|if|unless"
    r"|best|only|aligns|agrees|conflicts|follows|captures|reflects|covers|provides|gives|gets|implies|suggests|requires|applies"
    r"|represents|explains|ignores|misses|disagrees|violates|strikes|sounds|feels|passt|lol|beyond|without|[Yy]es|[Nn]o|cuz|bc|coz|porque|perché|parce|weil|denn|pois"
    r"|were|supports?|states|ist|est|es|è|é|to|than|correct|wrong|incorrect|right|if|too|clearly|in which|the"
    r"|richtig|korrekt|falsch|o|ou|oder|y|e|et|und|non|no|pas|nicht|en|of|correcta|correcte|corretta|correta|wählen|juist)"
)
_FOLLOWERS_OF_I: Final = (
    r"(?:is|isn't|because|since|which|fits|matches|says|shows|describes|mentions|contradicts|seems|looks|appears|has"
    r"|lacks|fails|corresponds|remains|makes|comes|rather|instead|over|ist|est|es|è|é|best|aligns|agrees"
    r"|conflicts|follows|captures|implies|suggests|strikes|sounds|feels|must be the|as|or|and|than|was"
    r"|not|if|unless|it|out|would be (?:correct|right|the)|to|but|in which|are|could be right|correct|wrong"
    r"|incorrect|right|the|richtig|korrekt|falsch|o|ou|oder|y|e|et|und|non|no|pas|nicht|en|of|correcta|correcte|corretta|correta|wählen|juist)"
)
_EMPHASIS: Final = re.compile(
    r"(?: (?:obviously|definitely|probably|surely|certainly|clearly|likely|maybe|for sure|imo|tbh|i think"
    r"|i guess|of course"
    r"|hands down|no doubt|it is|please|here|obv))+\s*(?:[.,!]|$)",
    re.IGNORECASE,
)
"""What may follow option A at the end of a sentence."""
_MIDST: Final = re.compile(r"(?:[^\W\d_A-Z]|,) $")
"""Stands before a capital letter inside a sentence, which is no article."""
_LOWER: Final = re.compile(
    rf"(?:(?P<cue>\b(?i:{_NAMING}|answer is|is|be|answer:|option:|choice:|ans[:=.]?|answer's|maybe|probably"
    rf"|prob|say|guess|its|it's|going with|go with|pick|choose)\s*[(\[]?\s?)|^(?P<line>[ (\[]{{0,3}}))"
    rf"(?P<letter>[a-z])(?P<end>[)\].:]|[ .]*$|[.,;](?= )|\)? (?={TEXT})|(?= (?:is|was|seems|fits|matches"
    rf"|because|since|cuz|bc)\b))",
    re.MULTILINE,
)
_NUMBERED: Final = re.compile(
    r"\b(?:option|choice|answer) (?:number |no\. ?|#)?(\d{1,2})(?![\d.,%]| ?[a-z%])", re.IGNORECASE
)
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth")
_ORDINAL: Final = re.compile(rf"\bthe ({'|'.join(_ORDINALS)}) (?:option|answer option)\b", re.IGNORECASE)
_LETTER_THEN_TEXT: Final = re.compile(rf"([\ue000-\ue1ff])[ .:,)\]('-]{{1,6}}({TEXT})'?\)?")
_TEXT_THEN_LETTER: Final = re.compile(rf"({TEXT})\.?[ ]{{0,2}}[(\[]?([\ue000-\ue1ff])[)\]]?")
_OF_THEM: Final = re.compile(
    r" (?:of (?:them|these|those|the two|the above)|holds?|(?:is|are) (?:correct|true|right))$"
)
_GAPS: Final = re.compile(r"[\s-]+(?![\d.\s-])|\s+|(?<=\w)-(?=[\d.])")
"""Blanks and hyphens between words; before a number, a hyphen is a sign unless it joins the number to a word."""
_OPPOSITES: Final = frozenset(("yes", "no", "true", "false"))
_WORDY: Final = _OPPOSITES | {"none", "both", "neither", "all", "it", "other", "some", "any", "here", "there", "never"}
"""Option texts that are also words of other sentences: they count only where an answer stands."""


class PreparedOptions:
    """A question's options, prepared for finding them in replies."""

    def __init__(self, options: tuple[Option, ...]) -> None:
        options = options[:_MOST_OPTIONS]
        self.letters = [option.letter for option in options]
        texts = [canonical(option.text) for option in options]
        self.numeric = any(re.fullmatch(r"-?\d+%?(?: [a-z°]{1,6})?", text) for text in texts)
        self.decimal = any(re.search(r"\d\.\d", text) for text in texts)
        self.unknown = [at for at, text in enumerate(texts) if says_it_cannot_tell(text) or text == "unknown"]
        """Options that say that the answer cannot be told."""
        self.texts = names_of(texts, self.letters)
        """The positions of options by what they may be called; a name of two options is no name."""
        self._short = short_names(texts)
        self._beginning = beginnings(texts)
        alone = [option.text.strip() for option in options]
        self._single = {text: at for at, text in enumerate(alone) if len(text) == 1 and alone.count(text) == 1}
        self._spelt_out = {spelt_out(text): place for text, place in self.texts.items()}
        self._places = {_GAPS.sub(" ", text): place for text, place in self.texts.items()}
        self._wordy = {text: at for text, at in self.texts.items() if text in _WORDY}
        self._pattern = any_of([text for text in self.texts if text not in _WORDY], texts)
        words = "|".join(self._wordy)
        self._words = re.compile(
            rf"(?:(?<=^)|(?<=[.!?:(] )|(?<=[.!?:(])|(?<=\bis )|(?<=\bsay )|(?<=\bso )|(?<=answer )"
            rf"|(?<=\bnot ))({words})"
            r"(?=\s*(?:[.,!;:)\n-]|$|because\b|since\b))",
            re.MULTILINE,
        )
        alphabet = "".join(letter for letter in self.letters if len(letter) == 1) + REFUSAL
        self._letter = re.compile(
            rf"(?P<named>\b(?i:{_NAMING}) ?)?(?P<open>[(\[]? ?)'?{_BEFORE}(?P<letter>[{re.escape(alphabet)}])"
            rf"{_AFTER}'?(?P<close> ?[)\]])?",
        )

    def letter_of(self, sign: str) -> str:
        """Return the letter of a sign's option."""
        place = ord(sign) & 0xFF
        return REFUSAL if place == 0xFF else self.letters[place]

    def opposite(self, denied: set[str]) -> str | None:
        """Return the other of "yes" and "no" (or true and false), if these are all options and one is denied."""
        if len(self.letters) == 2 == len(self._wordy.keys() & _OPPOSITES) and len(denied) == 1:
            return next((letter for letter in self.letters if letter not in denied), None)
        return None

    def plain(self, reply: str) -> str:
        """Return a reply in the spelling of the options."""
        return plain_text(reply, digits=self.numeric, points=self.decimal)

    def is_text(self, words: str) -> int | None:
        """Return the position of the option whose text these words are."""
        bare = " ".join(words.lower().split()).strip(EDGES)
        place = self.texts.get(ARTICLE.sub("", bare), self.texts.get(bare))
        if place is None and (only := words.strip(EDGES)) in self._single:
            return self._single[only]
        if place is None:
            place = self._spelt_out.get(spelt_out(bare))
        if place is None:
            place = self._short.get(_OF_THEM.sub("", bare))
        return self._beginning.get(ARTICLE.sub("", bare)) if place is None else place

    def with_signs(self, text: str) -> str:
        """Return a reply in lower case with signs for its mentions of options; see the module."""
        text = self._texts_replaced(text)
        text = self._letter.sub(self._letter_sign, text)
        if not self.numeric and self.letters:
            text = _NUMBERED.sub(lambda found: self._counted(int(found[1]), found[0]), text)
            text = _ORDINAL.sub(lambda found: self._counted(_ORDINALS.index(found[1].lower()) + 1, found[0]), text)
        text = _LOWER.sub(self._lower_sign, text)
        text = _LETTER_THEN_TEXT.sub(lambda pair: _merged(pair[1], pair[2], pair[0]), text)
        text = _TEXT_THEN_LETTER.sub(lambda pair: _merged(pair[2], pair[1], pair[0]), text)
        return text.lower()

    def _texts_replaced(self, text: str) -> str:
        low = lowered_alike(text)
        found = [
            (mention.start(), mention.end(), place)
            for mention in self._pattern.finditer(low)
            if (place := self._places.get(_GAPS.sub(" ", mention["text"]))) is not None and is_mention(low, mention)
        ]
        if self._wordy:
            found += [(word.start(), word.end(), self._wordy[word[1]]) for word in self._words.finditer(low)]
            found.sort()
        parts, position = [], 0
        for start, end, place in found:
            if start >= position:
                parts += [text[position:start], chr(_TEXT + place)]
                position = end
        return "".join((*parts, text[position:]))

    def _letter_sign(self, found: re.Match[str]) -> str:
        letter, end = found["letter"], found.end()
        place = 0xFF if letter == REFUSAL and letter not in self.letters else self.letters.index(letter)
        around = f"{found['open']}{found['close'] or ''}"
        marked = bool(found["named"] or around.strip())
        rest = found.string[end : end + 30]
        if (
            not found["open"].strip()
            and not found["close"]
            and letter in "AI"
            and rest[:1] == " "
            and not found["named"]
        ):
            followers = _FOLLOWERS if letter == "A" else _FOLLOWERS_OF_I
            inside = letter == "A" and _MIDST.search(found.string[max(0, found.start() - 3) : found.start("letter")])
            if (
                not inside
                and not re.match(rf" (?:{followers}(?![\w'])|[^a-zA-Z'\ue200-\ue2ff]|[A-Z](?![a-zA-Z'])|$)", rest)
                and not _EMPHASIS.match(rest)
            ):
                return found[0]
        if not found["named"] and found["open"].strip() and not found["close"]:
            return f"{found['named'] or ''}{found['open']}{chr(_PLAIN + place)}"
        sign = chr((_MARKED if marked else _PLAIN) + place)
        lead = " " if found["open"].startswith(" ") else ""
        tail = "" if found["open"].strip() or not found["close"] else ")"
        return f"{found['named'] or ''}{lead}{sign}{tail}"

    def _lower_sign(self, found: re.Match[str]) -> str:
        letter = found["letter"].upper()
        if letter not in self.letters:
            return found[0]
        before = found["cue"] if found["cue"] is not None else found["line"]
        end = found["end"]
        if (found["line"] is not None and letter == "I" and not end) or (
            found["line"] is not None
            and not ("(" in before or "[" in before)
            and end.strip(" .)") == ""
            and end not in ("", ".", ")")
        ):
            return found[0]
        sign = chr(_MARKED + self.letters.index(letter))
        return (
            f"{before.rstrip('([ ')} {sign}{end.lstrip(')]')}"
            if before.strip()
            else f"{sign}{end if '(' not in before else end.lstrip(')]')}"
        )

    def _counted(self, number: int, words: str) -> str:
        return f"option {chr(_MARKED + number - 1)}" if 1 <= number <= len(self.letters) else words


@lru_cache(maxsize=1024)
def question_of(options: tuple[Option, ...]) -> PreparedOptions:
    """Return the prepared question of these options."""
    return PreparedOptions(options)


def _merged(letter: str, text: str, both: str) -> str:
    return chr(_MARKED + (ord(letter) & 0xFF)) if ord(letter) & 0xFF == ord(text) & 0xFF else both
