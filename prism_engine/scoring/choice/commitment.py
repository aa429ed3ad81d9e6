"""To which option a reply commits itself, from what its sentences do with options one after another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.choice.clauses import Act, Event
from prism_engine.scoring.choice.rules import REFUSALS
from prism_engine.scoring.scorer import REFUSAL, says_it_cannot_tell

if TYPE_CHECKING:
    from prism_engine.scoring.choice.signs import PreparedOptions

_UNKNOWN: Final = re.compile(r"\W*(?:unknown|unclear|undetermined|indeterminate)\W*", re.IGNORECASE)


class Commitment:
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

    def letter_of(self, sign: str) -> str:
        """Return the letter of a sign's option."""
        return self.question.letter_of(sign)

    def take(self, event: Event) -> None:
        """Take the next thing that the reply does with options."""
        letters = [self.letter_of(sign) for sign in event.signs]
        if event.act is Act.STATES:
            contradicts = self.sentence == 2 and self.anchored and self.stated not in (None, letters[0])
            if event.clean and contradicts and not self.corrects:
                self.stated, self.strength, self.wavers = None, 0, True  # "The answer is B. The answer is A."
            elif event.clean or not self.anchored or self.stated is None:
                self.state(letters[0], anchors=event.clean and self.sentence == 1)
        elif event.act in (Act.SUGGESTS, Act.SUPPOSES):
            self._suggest(letters[0], 2 if event.act is Act.SUGGESTS else 1)
        elif event.act is Act.DENIES:
            self.deny(letters)
        elif event.act is Act.MENTIONS:
            kinds = [("plain", "marked", "text")[(ord(sign) >> 8) & 3] for sign in event.signs]
            self.mentions += [(self.sentence, kind, letter) for kind, letter in zip(kinds, letters, strict=True)]
        else:
            self.unsettle(event.act)
        if letters:
            self.last_seen = letters[-1]

    def unsettle(self, act: Act) -> None:
        """Take what leaves no statement: two options in one breath, a retraction, "none of them"."""
        if act is Act.WAVERS and self.strength < 3:
            self.stated, self.strength, self.wavers = None, 0, True
        elif act is Act.RECHECKS:
            self.anchored = False
        elif act is Act.RETRACTS and self.stated is not None and self.last_seen in (None, self.stated):
            self.stated, self.strength, self.taken_back, self.anchored = None, 0, True, False
        elif act is Act.NONE_FITS:
            self.stated, self.strength, self.none_fits = None, 0, True

    def state(self, letter: str, *, anchors: bool = False) -> None:
        """Take a statement.

        Args:
            letter: the option's letter.
            anchors: the reply begins with it, and only another clean statement replaces it.
        """
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

    def deny(self, letters: list[str]) -> None:
        """Take that none of these is meant."""
        self.denied.update(letters)
        if self.stated in letters:
            self.stated, self.strength, self.taken_back = None, 0, True

    def tick(self, letter: str) -> None:
        """Take a check mark: a second option that is marked right leaves no statement."""
        self.ticked.add(letter)
        if len(self.ticked) == 1:
            if self.strength < 3 or self.stated == letter:
                self.state(letter)
        elif self.stated in self.ticked:
            self.stated, self.strength, self.wavers = None, 0, True
        self.last_seen = letter
