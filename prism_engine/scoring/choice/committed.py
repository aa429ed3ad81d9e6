"""The rules of `prism-2` for multiple choice: the last option that a reply commits itself to; when in doubt, nothing.

What a reply says about options is read by grammar (`clauses.py`), on a text in which each mention of an option is one
character (`signs.py`). The last statement counts, since models think first and answer last, but what follows a
statement as a remark does not replace it: reasons against other options, mistakes that others make, what would be
right under other conditions, second choices, questions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.choice.clauses import Act, Event
from prism_engine.scoring.choice.doubt import in_doubt
from prism_engine.scoring.choice.plain_text import answer_part
from prism_engine.scoring.choice.rules import API_FAILURE, REFUSALS
from prism_engine.scoring.choice.sentences import CHAIN, GREATER, sentence_events
from prism_engine.scoring.choice.signs import LETTER, SIGN, question_of
from prism_engine.scoring.choice.turning import ASIDE_LABEL
from prism_engine.scoring.choice.vocabulary import FILLER, NOT, WRONG
from prism_engine.scoring.scorer import REFUSAL, says_it_cannot_tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.records import Option
    from prism_engine.scoring.choice.signs import PreparedOptions

_BARE: Final = re.compile(
    r"(?:(?:The )?(?:correct |final )?[Aa]nswer(?: is:?|:) ?)?[\s(*\[]{0,4}([A-Z])[\s).*\]:,]{0,4}"
)
"""A shortcut for the most common replies: a letter, "The answer is B."."""
_SENTENCE: Final = re.compile(r"[^.!?。।؟\n]*(?:\.(?!\s|$)[^.!?。।؟\n]*)*(?:[.!?。।؟]+['\")\]]*|$)")
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
    r"\b(?:mention\w*|question|consider\w*|look\w*|check\w*|see|compar\w*|about|read\w*|discuss\w*|explain\w*|describ\w*"
    r"|start\w*|examin\w*|rat(?:e|ing)|evaluat\w*|vs|versus|except|without|minus|first|next|image|picture|figure|graph|chart"
    r"|panel|points?|section|step|part|row|column|table|grade|type|vitamin|group|class|team|room|plan|variable|angle|line"
    r"|poor|low|confirm\w*|verif\w*|tr(?:y|ied)|beware|person|torn|luck|miracle|doubt\w*"
    r"|test\w*|wish|want|hope|call\w*|ask\w*|defin\w*|ei|nu|nem|ne|ingen)\b"
)
"""Words that talk about an option without choosing it."""
_OR_ELSE: Final = re.compile(r"\W*(?:or\b(?! rather)|(?:but )?then again\b)")
"""Begins a sentence that takes the one before back in part: "B. Or is it C?"."""
_CORRECTS: Final = re.compile(
    r"\b(?:no|nope|sorry|oops|wait|i meant?|rather|actually|instead|correction|final|corrected|revised|updated)\b"
)
_BULLET: Final = re.compile(r"^\s*(?:[-•·>#]+ ?|\d{1,2}[.)] )+")
_MARK: Final = r"[^\w\ue000-\ue2ff]"
_ALONE: Final = re.compile(rf"{_MARK}*({SIGN}){_MARK}*")
_HEAD: Final = re.compile(rf"{_MARK}{{0,3}}({SIGN})(?P<sep>\s?[.):,(]|\s?-)\s*(?=[^\s\ue000-\ue2ff])")
_ENDS: Final = re.compile(rf"({SIGN}){_MARK}{{0,3}}$")
_VERDICT: Final = re.compile("[✓✗]")
_JOINED: Final = re.compile(
    r"(?:[:=]| is| are| be) *\n\s*(?:\n\s*)?(?=[^\w\n\ue000-\ue2ff-]{0,4}"
    + SIGN
    + r"[^\w\n\ue000-\ue2ff]{0,4}(?:\n|$))"
)
_CELL: Final = re.compile(r"(?:yes|true|yep|yup|yeah|correct|right|fits|match|matches|supported|✓)(?![^\W\d_])")
_BAD_CELL: Final = re.compile(rf"(?:no|nope|nah|false|✗|{NOT}|{WRONG})(?![^\W\d_])")
_UNKNOWN: Final = re.compile(r"\W*(?:unknown|unclear|undetermined|indeterminate)\W*", re.IGNORECASE)


def read_committed(reply: str, options: Sequence[Option]) -> str | None:
    """Read the chosen option from a reply, in time linear in its length.

    Returns:
        The letter of an option; "Z" for a refusal (or a real option Z); None if the reply commits itself to no option.
    """
    bare = _BARE.fullmatch(reply)
    if bare and any(option.letter == bare[1] for option in options):
        return bare[1]
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
        return None if in_doubt(signed, at) else letter
    return letter


class _Reading:
    """The state of reading one reply."""

    def __init__(self, question: PreparedOptions) -> None:
        self.question = question
        self.stated: str | None = None
        self.strength = 0
        """3: stated, 2: suggested, 1: supposed."""
        self.wavers = False
        self.taken_back = False
        self.none_fits = False
        self.denied: set[str] = set()
        self.ticked: set[str] = set()
        self.guessed: str | None = None
        """A reply of one unsure question, such as "maybe B?"."""
        self.last_seen: str | None = None
        self.anchored = False
        """The reply began with a clean statement, which only another one replaces."""
        self.mentions: list[tuple[int, str, str]] = []
        """Sentence, kind and letter of each mention that is neither stated nor denied."""
        self.sentence = 0
        self.corrects = False
        """The sentence has a word that corrects the one before."""
        self.length = 0

    def read(self, text: str) -> None:
        """Read a reply with signs."""
        self.length = len(text)
        lines = [line for line in _JOINED.sub(": ", text).split("\n") if line.strip(_LINE_MARKS)]
        aside, run = False, 0
        heads = {self._letter(head[1]) for line in lines if (head := _HEAD.match(_BULLET.sub("", line)))}
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
            if head and (GREATER.match(bare) or CHAIN.match(bare)):
                head = None
            if head and head["sep"].strip() == "," and not "\ue200" <= head[1] <= "\ue2ff":
                head = None  # "B, since ..." is a sentence like any other; "No, ..." begins with its answer
            if head and not (aside and bare != line):
                self._headed(head, bare, first=number == 0 and len(heads) == 1)
            elif not head:
                aside = False
                self._sentences(bare)

    def letter(self, reply: str) -> str | None:
        """Return what the reply commits itself to."""
        if self.stated is not None:
            refused = max(reply.rfind(refusal) for refusal in REFUSALS)
            if self.strength == 1 and {letter for _, _, letter in self.mentions} - self.denied - {self.stated}:
                return None
            return self.stated if refused < 0 or self.strength == 3 else REFUSAL
        if any(refusal in reply for refusal in REFUSALS) and not self.question.unknown:
            return REFUSAL
        if self.wavers or self.none_fits:
            return None
        return self._without_statement() or self._unknown(reply)

    def _without_statement(self) -> str | None:
        """Return what a reply without a statement must mean: its one guess, its only mention, the other of two."""
        if self.guessed is not None and self.sentence == 1:
            return self.guessed
        return None if self.taken_back else self._only_mentioned() or self.question.opposite(self.denied)

    def _unknown(self, reply: str) -> str | None:
        if says_it_cannot_tell(reply) or (self.question.unknown and _UNKNOWN.fullmatch(reply)):
            unknown = self.question.unknown
            return self.question.letters[unknown[0]] if len(unknown) == 1 else REFUSAL
        return None

    def _only_mentioned(self) -> str | None:
        """Return the only option that is mentioned and not denied, if it is named so that nothing else can be meant."""
        letters = {letter for _, kind, letter in self.mentions if kind != "text"} - self.denied
        marked = {letter for _, kind, letter in self.mentions if kind == "marked"} - self.denied
        if len(letters) == 1 and letters == marked:
            return letters.pop()
        if letters:
            return None
        texts = {letter for number, kind, letter in self.mentions if kind == "text"} - self.denied
        if self.length > 160:
            texts = {letter for number, _, letter in self.mentions if number == self.sentence} - self.denied
        return texts.pop() if len(texts) == 1 else None

    def _letter(self, sign: str) -> str:
        return self.question.letter_of(sign)

    def _sentences(self, line: str) -> None:
        asked: tuple[str, ...] = ()
        for found in _SENTENCE.finditer(line):
            if not found[0].strip():
                continue
            self.sentence += 1
            self.corrects = _CORRECTS.search(found[0]) is not None
            events = list(sentence_events(found[0].strip(), asked))
            if _OR_ELSE.match(found[0]) and any(
                self._letter(sign) != self.stated for event in events for sign in event.signs
            ):
                self._unsettle(Act.RETRACTS)
                events = [Event(Act.WAVERS, event.signs) for event in events]
            if self.sentence == 1 and len(events) == 1 and events[0].act is Act.MENTIONS and _brief(found[0].strip()):
                self.guessed = self._letter(events[0].signs[0])
            if (
                self.sentence == 1
                and "?" in found[0]
                and _GUESS.match(found[0])
                and len(events) == 1
                and len(events[0].signs) == 1
            ):
                self.guessed = self._letter(events[0].signs[0])
            asked = next((event.signs for event in events if event.act is Act.ASKS), ())
            for event in events:
                self._take(event)

    def _take(self, event: Event) -> None:
        letters = [self._letter(sign) for sign in event.signs]
        if event.act is Act.STATES:
            contradicts = self.sentence == 2 and self.anchored and self.stated not in (None, letters[0])
            if event.clean and contradicts and not self.corrects:
                self.stated, self.strength, self.wavers = None, 0, True  # "The answer is B. The answer is A."
            elif event.clean or not self.anchored or self.stated is None:
                self._state(letters[0], anchors=event.clean and self.sentence == 1)
        elif event.act in (Act.SUGGESTS, Act.SUPPOSES):
            self._suggest(letters[0], 2 if event.act is Act.SUGGESTS else 1)
        elif event.act is Act.DENIES:
            self._deny(letters)
        elif event.act is Act.MENTIONS:
            kinds = [("plain", "marked", "text")[(ord(sign) >> 8) & 3] for sign in event.signs]
            self.mentions += [(self.sentence, kind, letter) for kind, letter in zip(kinds, letters, strict=True)]
        else:
            self._unsettle(event.act)
        if letters:
            self.last_seen = letters[-1]

    def _unsettle(self, act: Act) -> None:
        """Take what leaves no statement: two options in one breath, a retraction, "none of them"."""
        if act is Act.WAVERS and self.strength < 3:
            self.stated, self.strength, self.wavers = None, 0, True
        elif act is Act.RECHECKS:
            self.anchored = False
        elif act is Act.RETRACTS and self.stated is not None and self.last_seen in (None, self.stated):
            self.stated, self.strength, self.taken_back, self.anchored = None, 0, True, False
        elif act is Act.NONE_FITS:
            self.stated, self.strength, self.none_fits = None, 0, True

    def _state(self, letter: str, *, anchors: bool = False) -> None:
        self.anchored = self.anchored or anchors
        self.stated, self.strength = letter, 3
        self.wavers = self.taken_back = self.none_fits = False
        self.denied.discard(letter)

    def _suggest(self, letter: str, strength: int) -> None:
        """Take a weak statement: a stronger one replaces a weaker one, and of two equal ones neither counts."""
        if strength == self.strength and letter != self.stated:
            self.stated, self.strength, self.wavers = None, 0, True
        elif strength > self.strength and not (self.wavers and strength == 1):
            self.stated, self.strength = letter, strength

    def _deny(self, letters: list[str]) -> None:
        self.denied.update(letters)
        if self.stated in letters:
            self.stated, self.strength, self.taken_back = None, 0, True

    def _alone(self, sign: str, run: int, lines: list[str], number: int) -> int:
        """Take a line that is nothing but an option; lines that list different options state none."""
        letter = self._letter(sign)
        others = [
            self._letter(found[1])
            for at in (*range(number - run, number), *_following(lines, number))
            if (found := _ALONE.fullmatch(_BULLET.sub("", lines[at])))
        ]
        last = not _following(lines, number)
        if set(others) <= {letter} or (last and letter in others):
            self._state(letter, anchors=self.sentence == 0)
            self.last_seen = letter
        elif run == 0 and number and (end := _ENDS.search(lines[number - 1])) and self.stated == self._letter(end[1]):
            self.stated, self.strength, self.anchored = None, 0, False  # it was the list's first line
        return run + 1

    def _headed(self, head: re.Match[str], line: str, *, first: bool) -> None:
        """Take a line that begins with an option and says something about it, or that answers and says why."""
        letter, rest = self._letter(head[1]), line[head.end() :]
        verdict = rest.strip(" .!()'")
        if _CELL.fullmatch(verdict):
            self._tick(letter)
            return
        joint = ", " if head["sep"] == "," else " "
        if not first:
            self._sentences(f"{head[1]}{joint}{rest}")
            return
        joint = ": " if head["sep"].strip() == ":" else joint
        said = sentence_events(f"{head[1]}{joint}{rest.split('.')[0]}")
        if not any(event.act is Act.DENIES and head[1] in event.signs for event in said):
            self._state(letter)
        self._sentences(rest)
        if head["sep"] == "," and self.stated is None and letter not in self.denied:
            self._state(letter)  # "No, it isn't." takes nothing back
        self.anchored = self.anchored or self.stated == letter

    def _verdicts(self, line: str) -> None:
        """Take a line of a table or with check marks."""
        found = list(re.finditer(SIGN, line))
        letters = {self._letter(sign[0]) for sign in found}
        if len(letters) == 1:
            rest = re.sub(SIGN, "", line)
            cells = [cell.strip(" .!()'-") for cell in rest.split("|")]
            good = "✓" in line or any(_CELL.fullmatch(cell) for cell in cells)
            bad = "✗" in line or any(_BAD_CELL.match(cell) for cell in cells if cell)
            if good and not bad:
                self._tick(next(iter(letters)))
            elif bad and not good:
                self._deny(list(letters))
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
                self._tick(self._letter(sign))
            else:
                self._deny([self._letter(sign)])

    def _tick(self, letter: str) -> None:
        self.ticked.add(letter)
        if len(self.ticked) == 1:
            if self.strength < 3 or self.stated == letter:
                self._state(letter)
        elif self.stated in self.ticked:
            self.stated, self.strength, self.wavers = None, 0, True
        self.last_seen = letter


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
    for at in range(number + 1, len(lines)):
        if _ALONE.fullmatch(_BULLET.sub("", lines[at])) is None:
            break
        found.append(at)
    return found
