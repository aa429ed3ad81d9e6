"""The rules of `prism-2` for multiple choice: the last option that a reply commits itself to; when in doubt, nothing.

What a reply says about options is read by grammar (`clauses.py`), on a text in which each mention of an option is one
character (`signs.py`). The last statement counts, since models think first and answer last, but what follows a
statement as a remark does not replace it: reasons against other options, mistakes that others make, what would be
right under other conditions, second choices, questions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.choice.at_once import read_at_once
from prism_engine.scoring.choice.clauses import Act, Event
from prism_engine.scoring.choice.commitment import Commitment
from prism_engine.scoring.choice.doubt import in_doubt
from prism_engine.scoring.choice.plain_text import answer_part
from prism_engine.scoring.choice.rules import API_FAILURE
from prism_engine.scoring.choice.sentences import CHAIN, GREATER, sentence_events
from prism_engine.scoring.choice.signs import LETTER, SIGN, question_of
from prism_engine.scoring.choice.turning import ASIDE_LABEL
from prism_engine.scoring.choice.vocabulary import FILLER, NOT, WRONG
from prism_engine.scoring.sentence_ends import sentences_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.records import Option

_LINE_MARKS: Final = " \t>#-•·~=✏👉→:;'\""
_EITHER: Final = re.compile(r"\s*A (?=[a-z])")
"""Option A or an article: "A dog" where option B is "dog" is read as nothing."""
_GUESS: Final = re.compile(
    rf"\W*(?:(?:hmm+|uh+|um+|well|ok|not sure|unsure|no idea|idk|maybe|perhaps|probably|possibly|i think"
    rf"|i guess|i'd say|it's|its)\b\W*){{1,4}}"
    rf"(?:option )?{SIGN}\W*\?|\W*{SIGN},? (?:i guess|i think|maybe|perhaps|probably)\W*\?"
)
_BAD_WORD: Final = re.compile(f"{NOT}|{WRONG}|n't")
_META: Final = re.compile(
    r"\b(?:mention\w*|question|consider\w*|look\w*|check\w*|see|compar\w*|about|read\w*|discuss\w*|explain\w*"
    r"|describ\w*"
    r"|start\w*|examin\w*|rat(?:e|ing)|evaluat\w*|vs|versus|except|without|minus|first|next|image|picture"
    r"|figure|graph|chart"
    r"|panel|points?|section|step|part|row|column|table|grade|type|vitamin|group|class|team|room|plan|variable"
    r"|angle|line"
    r"|poor|low|confirm\w*|verif\w*|tr(?:y|ied)|beware|person|torn|luck|miracle|doubt\w*"
    r"|test\w*|wish|want|hope|call\w*|ask\w*|defin\w*|ei|nu|nem|ne|ingen)\b"
)
"""Words that talk about an option without choosing it."""
_OR_ELSE: Final = re.compile(r"\W*(?:or\b(?! rather)|(?:but )?then again\b)")
"""Begins a sentence that takes the one before back in part: "B. Or is it C?"."""
_ALSO: Final = re.compile(r"\b(?:as well|too|equally|likewise)\W*$")
"""Ends a sentence that says of another option what was said of the one before: "It fits C as well."."""
_CORRECTS: Final = re.compile(
    r"\b(?:no|nope|sorry|oops|wait|i meant?|rather|actually|instead|correction|final|corrected|revised|updated)\b"
)
_BULLET: Final = re.compile(r"^\s*(?:[-•·>#]+ ?|\d{1,2}[.)] )+")
_MARK: Final = r"[^\w\ue000-\ue2ff]"
_MOST_ALONE: Final = 50
"""Lines around one that are looked at for a list; bounds the cost of thousands of them."""
_ALONE: Final = re.compile(rf"{_MARK}*({SIGN}){_MARK}*")
_HEAD: Final = re.compile(rf"{_MARK}{{0,3}}({SIGN})(?P<sep>\s?[.):,(]|\s?-)\s*(?=[^\s\ue000-\ue2ff])")
_ASKED: Final = re.compile(r"^[^.!?]*\?\W*$")
_ENDS: Final = re.compile(rf"({SIGN}){_MARK}{{0,3}}$")
_WORD: Final = re.compile(r"\w")
_VERDICT: Final = re.compile("[✓✗]")
_JOINED: Final = re.compile(
    r"(?:[:=]| is| are| be) *\n\s*(?:\n\s*)?(?=[^\w\n\ue000-\ue2ff-]{0,4}"
    + SIGN
    + r"[^\w\n\ue000-\ue2ff]{0,4}(?:\n(?!\s*[^\w\n\ue000-\ue2ff]{0,4}"
    + SIGN
    + r"[^\w\n\ue000-\ue2ff]{0,4}(?:\n|$))|$))"
)
_CELL: Final = re.compile(r"(?:yes|true|yep|yup|yeah|correct|right|fits|match|matches|supported|✓)(?![^\W\d_])")
_BAD_CELL: Final = re.compile(rf"(?:no|nope|nah|false|✗|{NOT}|{WRONG})(?![^\W\d_])")


def read_committed(reply: str, options: Sequence[Option]) -> str | None:
    """Read the chosen option from a reply, in time linear in its length.

    Returns:
        The letter of an option; "Z" for a refusal (or a real option Z); None if the reply commits itself to no option.
    """
    if (letter := read_at_once(reply, options)) is not None:
        return letter
    if API_FAILURE in reply:
        return None
    question = question_of(tuple(options))
    text = question.plain(answer_part(reply))
    place = question.is_text(text)
    if place is not None:
        either = place != 0 and _EITHER.match(reply) and not _EITHER.match(options[place].text)
        return None if either else question.letters[place]
    reading = _Reading(question)
    signed = question.with_signs(text)
    reading.read(signed)
    letter = reading.letter(reply)
    if (
        letter is not None
        and letter in question.letters
        and (at := question.letters.index(letter)) not in question.unknown
    ):
        return None if in_doubt(signed, at, stated=reading.stated is not None) else letter
    return letter


class _Reading(Commitment):
    """The reading of one reply, line by line."""

    def read(self, text: str) -> None:
        """Read a reply with signs."""
        self.length = len(text)
        lines = [line for line in _JOINED.sub(": ", text).split("\n") if line.strip(_LINE_MARKS)]
        aside, run = False, 0
        heads = {self.letter_of(head[1]) for line in lines if (head := _HEAD.match(_BULLET.sub("", line)))}
        for number, line in enumerate(lines):
            bare = _BULLET.sub("", line)
            if re.search(SIGN, line) is None:
                aside = ASIDE_LABEL.search(line) is not None and (line.rstrip().endswith((":", "?")) or "#" in line)
                run = 0
                self._sentences(bare)
                continue
            if _VERDICT.search(line) or "|" in line:
                self._verdicts(line)
                continue
            alone, head = _ALONE.fullmatch(bare), _HEAD.match(bare)
            if alone and "?" not in line:
                run = self._alone(alone[1], run, lines, number) if not aside else run
                continue
            run = 0
            if head and (GREATER.match(bare) or CHAIN.match(bare) or _ASKED.search(bare[head.end() :])):
                head = None
            if head and head["sep"].strip() == "," and not "\ue200" <= head[1] <= "\ue2ff":
                head = None  # "B, since ..." is a sentence like any other; "No, ..." begins with its answer
            if head and not (aside and bare != line):
                self._headed(head, bare, first=number == 0 and len(heads) == 1)
            elif not head:
                aside = False
                self._sentences(bare)

    def _sentences(self, line: str) -> None:
        asked: tuple[str, ...] = ()
        for start, end in sentences_of(line):
            sentence = line[start:end].strip()
            self.sentence += 1
            self.corrects = _CORRECTS.search(sentence) is not None
            events = list(sentence_events(sentence, asked))
            if (_OR_ELSE.match(sentence) or (_ALSO.search(sentence) and not _BAD_WORD.search(sentence))) and any(
                self.letter_of(sign) != self.stated for event in events for sign in event.signs
            ):
                self.unsettle(Act.RETRACTS)
                events = [Event(Act.WAVERS, event.signs) for event in events]
            if self.sentence == 1 and len(events) == 1 and events[0].act is Act.MENTIONS and _brief(sentence):
                self.guessed = self.letter_of(events[0].signs[0])
            if (
                self.sentence == 1
                and "?" in sentence
                and _GUESS.match(sentence)
                and len(events) == 1
                and len(events[0].signs) == 1
            ):
                self.guessed = self.letter_of(events[0].signs[0])
            asked = next((event.signs for event in events if event.act is Act.ASKS), ())
            for event in events:
                self.take(event)

    def _alone(self, sign: str, run: int, lines: list[str], number: int) -> int:
        """Take a line that is nothing but an option; lines that list different options state none."""
        letter = self.letter_of(sign)
        others = [
            self.letter_of(found[1])
            for at in (*range(number - min(run, _MOST_ALONE), number), *_following(lines, number))
            if (found := _ALONE.fullmatch(_BULLET.sub("", lines[at])))
        ]
        last = not _following(lines, number)
        if set(others) <= {letter} or (last and letter in others):
            self.state(letter, anchors=self.sentence == 0)
            self.last_seen = letter
        elif run == 0 and number and (end := _ENDS.search(lines[number - 1])) and self.stated == self.letter_of(end[1]):
            self.stated, self.strength, self.anchored = None, 0, False  # it was the list's first line
        return run + 1

    def _headed(self, head: re.Match[str], line: str, *, first: bool) -> None:
        """Take a line that begins with an option and says something about it, or that answers and says why."""
        letter, rest = self.letter_of(head[1]), line[head.end() :]
        verdict = rest.strip(" .!()'")
        if _CELL.fullmatch(verdict):
            self.tick(letter)
            return
        joint = ", " if head["sep"] == "," else " "
        if not first:
            self._sentences(f"{head[1]}{joint}{rest}")
            return
        joint = ": " if head["sep"].strip() == ":" else joint
        said = sentence_events(f"{head[1]}{joint}{rest.split('.')[0]}")
        if not any(event.act is Act.DENIES and head[1] in event.signs for event in said):
            self.state(letter)
        self._sentences(rest)
        if head["sep"] == "," and self.stated is None and letter not in self.denied:
            self.state(letter)  # "No, it isn't." takes nothing back
        self.anchored = self.anchored or self.stated == letter

    def _verdicts(self, line: str) -> None:
        """Take a line of a table or with check marks."""
        found = list(re.finditer(SIGN, line))
        letters = {self.letter_of(sign[0]) for sign in found}
        if len(letters) == 1:
            rest = re.sub(SIGN, "", line)
            cells = [cell.strip(" .!()'-") for cell in rest.split("|")]
            good = "✓" in line or any(_CELL.fullmatch(cell) for cell in cells)
            bad = "✗" in line or any(_BAD_CELL.match(cell) for cell in cells if cell)
            if good and not bad:
                self.tick(next(iter(letters)))
            elif bad and not good:
                self.deny(list(letters))
            elif not bad and not _WORD.search(rest):
                self.mentions.append((self.sentence, "marked", next(iter(letters))))  # a row that lists an option
            elif not bad:
                self._sentences(line.replace("|", " "))
            return
        if not _VERDICT.search(line):
            if not line.lstrip().startswith("|"):
                self._sentences(line.replace(" | ", "\n"))
            return
        starts = re.match(rf"{_MARK}*?[✓✗]", line) is not None
        pattern = rf"([✓✗])[^{SIGN[1:-1]}✓✗]*({SIGN})" if starts else rf"({SIGN})[^{SIGN[1:-1]}✓✗]*([✓✗])"
        for pair in re.finditer(pattern, line):
            mark, sign = (pair[1], pair[2]) if starts else (pair[2], pair[1])
            if mark == "✓":
                self.tick(self.letter_of(sign))
            else:
                self.deny([self.letter_of(sign)])


def _brief(sentence: str) -> bool:
    """Whether an option's letter ends or begins a sentence with hardly an unknown word: "shld be B", "B duh"."""
    unknown = re.sub(SIGN, " ", FILLER.sub(" ", sentence))
    if (
        len(re.findall(SIGN, sentence)) != 1
        or not unknown.isascii()
        or _META.search(unknown)
        or _BAD_WORD.search(unknown)
    ):
        return False
    if _ENDS.search(sentence):
        return re.search(LETTER, sentence) is not None and len(re.findall(r"[\w'/]+", unknown)) <= 1
    return re.fullmatch(rf"\W*{LETTER}\W+\w*[^\W\ds]\W*", sentence) is not None


def _following(lines: list[str], number: int) -> Iterator[int] | list[int]:
    """Return the numbers of the lines directly after this one that are nothing but an option."""
    found = []
    for at in range(number + 1, min(len(lines), number + _MOST_ALONE)):
        if _ALONE.fullmatch(_BULLET.sub("", lines[at])) is None:
            break
        found.append(at)
    return found
