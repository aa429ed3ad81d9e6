"""Labelled replies to multiple-choice questions: wordings with marks for letters and texts, filled in over questions.

`wordings.jsonl` is what the rules were written with; `held_out.jsonl` was written before them and is only measured.
Marks: «L» is the letter that is meant, «l» the same in lower case, «T» its option's text; «M» and «N» are two other
letters, «U» and «V» their texts. `means` is "L", a fixed letter, or null if a careful reader takes no option from it.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from prism_engine.records import Option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

FOLDER = Path(__file__).parent
OPTIONS = {
    "animals": ("cat", "dog", "red apple", "blue car"),
    "people": (
        "The man is holding an umbrella",
        "The man is holding a phone",
        "The woman is holding an umbrella",
        "The woman is holding a phone",
    ),
    "lengths": ("12 cm", "12.5 cm", "1,200 cm", "120 cm"),
    "cities": ("Paris", "London", "Rome", "Madrid", "Berlin", "Vienna", "Prague", "Oslo", "Dublin", "Lisbon"),
    "percents": ("5%", "15%", "50%", "0.5%"),
    "formulas": ("$\\frac{1}{2}$", "$\\sqrt{3}$", "$2\\pi$", "$-3$"),
    "verdicts": ("Yes", "No", "Cannot be determined"),
    "romans": ("I only", "II only", "I and II", "Neither I nor II"),
    "counts": ("1", "2", "3", "4"),
    "both": ("X-ray", "MRI", "Both A and B", "Neither A nor B"),
    "horses": ("A dog", "A cat", "A horse", "No animal"),
    "cars": ("car", "red car", "car park", "race car driver"),
}
"""Options by the name of their question."""
EVERYWHERE = ("animals", "people", "lengths", "cities")
"""Questions for wordings without a question of their own."""
TIMES = 3
"""Fillings of a wording per question."""


class Reply(NamedTuple):
    """A reply to one question, and the letter that it means; None for none."""

    text: str
    options: tuple[Option, ...]
    means: str | None


class Wording(NamedTuple):
    """A wording with its fillings."""

    kind: str
    template: str
    replies: tuple[Reply, ...]


def wordings(name: str) -> list[Wording]:
    """Read and fill in a file of wordings; a file of whole replies has one reply per wording."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    return [_filled(json.loads(line)) for line in lines if line]


def _filled(row: dict[str, Any]) -> Wording:
    if isinstance(row.get("options"), list):
        reply = Reply(row["reply"], lettered(row["options"]), row["means"])
        return Wording(row.get("tag", "given"), row["reply"], (reply,))
    marked = any(f"«{mark}»" in row["reply"] for mark in "LlTMNUV")
    names = [row["options"]] if "options" in row else EVERYWHERE
    replies = tuple(
        _instance(row, lettered(OPTIONS[name]), random.Random(f"{name} {number} {row['reply']}"))
        for name in names
        for number in range(TIMES if marked else 1)
    )
    return Wording(row["kind"], row["reply"], replies)


def _instance(row: dict[str, Any], options: tuple[Option, ...], chance: random.Random) -> Reply:
    meant, *others = chance.sample(options, 3)
    marks = {"L": meant.letter, "l": meant.letter.lower(), "T": meant.text}
    marks |= {"M": others[0].letter, "N": others[1].letter, "U": others[0].text, "V": others[1].text}
    text = row["reply"]
    for mark, words in marks.items():
        text = text.replace(f"«{mark}»", words)
    return Reply(text, options, meant.letter if row["means"] == "L" else row["means"])


def lettered(texts: Sequence[str]) -> tuple[Option, ...]:
    return tuple(Option(letter, text) for letter, text in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", texts, strict=False))


class Shares(NamedTuple):
    """How well replies are read; each wording counts once, however many fillings it has."""

    wordings: int
    precision: float
    """Share of right letters among the letters that are read."""
    coverage: float
    """Share of replies read rightly among those that mean an option."""


def measure(found: Iterable[Wording], read: Callable[[str, tuple[Option, ...]], str | None]) -> Shares:
    """Measure a reader; "Z" counts as no option."""
    precise, covered, count = [], [], 0
    for wording in found:
        count += 1
        pairs = [(reply.means, read(reply.text, reply.options)) for reply in wording.replies]
        letters = [(means, letter) for means, letter in pairs if letter not in (None, "Z")]
        precise += [_share(means == letter for means, letter in letters)] if letters else []
        meant = [means == letter for means, letter in pairs if means is not None]
        covered += [_share(meant)] if meant else []
    return Shares(count, _mean(precise), _mean(covered))


def misread(found: Iterable[Wording], read: Callable[[str, tuple[Option, ...]], str | None]) -> Iterator[Any]:
    """Yield the replies that are not read as labelled: the wording's kind, the reply and what was read."""
    for wording in found:
        for reply in wording.replies:
            letter = read(reply.text, reply.options)
            if (None if letter == "Z" else letter) != reply.means:
                yield wording.kind, reply, letter


def _share(values: Iterable[bool]) -> float:
    return _mean([float(value) for value in values])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 1.0
