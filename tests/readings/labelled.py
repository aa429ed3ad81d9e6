"""Labelled replies to multiple-choice questions: wordings with marks for letters and texts, filled in over questions.

`wordings.jsonl` is what the rules were written with. A fifth of all wordings was never tuned on: `held_out.jsonl` was
written before the rules, `fresh.jsonl` by someone who had not written them, `unseen.jsonl` before the newest rules
for doubt, by someone who had read the earlier ones; it is only measured as a whole.
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
    "weather": ("sunny", "rainy", "snowy", "foggy"),
    "organelles": ("Mitochondrion", "Nucleus", "Ribosome", "Golgi apparatus"),
    "equations": ("x = 3", "x = -3", "x = 9", "No real solution"),
    "shapes": ("a green triangle", "a green square", "a blue triangle", "a red circle"),
    "counts of birds": ("two birds", "three birds", "four birds", "no birds"),
    "purposes": ("To persuade the reader", "To inform the reader", "To entertain the reader"),
    "winds": ("north", "south", "east", "west"),
    "trees": ("Oak", "Maple", "Pine", "Birch", "Willow"),
    "actions": ("riding a bike", "walking the dog", "reading a newspaper", "waiting for the bus"),
    "times": ("3:15", "3:45", "9:15", "9:45"),
    "artists": ("Vincent van Gogh", "Claude Monet", "Pablo Picasso"),
    "materials": ("glass", "wood", "metal", "plastic"),
    "masses": ("0.5 kg", "2 kg", "2.5 kg", "20 kg"),
    "reasons": ("because it is raining", "because the road is closed", "because the lights are off"),
    "countries": ("Ghana", "Kenya", "Chile", "Peru", "Nepal"),
    "vehicles": ("truck", "bus", "motorcycle", "tram"),
    "causes": ("The ice melted", "The water froze", "The pipe burst", "The tap was left open"),
    "speeds": ("30 km/h", "45 km/h", "60 km/h", "90 km/h"),
    "rooms": ("kitchen", "bathroom", "living room"),
    "instruments": ("violin", "trumpet", "drum", "flute", "harp"),
    "views": ("The door is open", "The door is closed", "There is no door"),
    "prices": ("$12", "$15", "$20", "$25"),
    "oceans": ("Atlantic Ocean", "Pacific Ocean", "Indian Ocean", "Arctic Ocean"),
    "clothes": ("a scarf", "a hat", "gloves", "sunglasses"),
    "tools": ("Hammer", "Screwdriver", "Wrench"),
    "claims": ("Sales rose in 2019", "Sales fell in 2019", "Sales were flat in 2019", "No data for 2019"),
    "temperatures": ("-5°C", "5°C", "15°C", "25°C"),
    "musicians": ("a pianist", "a drummer", "a singer", "a dancer"),
    "roofs": ("flat roof", "gable roof", "dome"),
    "pets": ("Rabbit", "Parrot", "Hamster", "Goldfish", "Tortoise"),
    "heights": ("150 m", "15 m", "1.5 m", "1,500 m"),
    "fruits": ("a bowl of cherries", "a bowl of plums", "a basket of plums", "an empty basket"),
    "function words": ("none", "one", "both", "left"),
    "counted": ("three", "two", "one", "four"),
    "sides": ("left", "right", "both", "neither"),
    "months": ("May", "March", "June", "July"),
    "it": ("it", "no", "all", "right"),
    "places": ("left of the sofa", "right of the sofa", "behind the sofa", "on the sofa"),
}
"""Options by the name of their question."""
GROUPS = {
    "first": ("animals", "people", "lengths", "cities"),
    "second": ("weather", "organelles", "equations", "places"),
    "third": ("shapes", "counts of birds", "purposes", "winds"),
    "fourth": ("trees", "actions", "times", "artists"),
    "fifth": ("materials", "masses", "reasons", "countries"),
    "sixth": ("vehicles", "causes", "speeds", "rooms"),
    "seventh": ("instruments", "views", "prices", "oceans"),
    "eighth": ("clothes", "tools", "claims", "temperatures"),
    "ninth": ("musicians", "roofs", "pets", "heights"),
    "tenth": ("fruits", "months", "pets", "heights"),
}
"""Questions for wordings without a question of their own, by the name in `over`; "first" if a wording has none."""
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
        return Wording(row.get("tag") or row.get("kind", "given"), row["reply"], (reply,))
    marked = any(f"«{mark}»" in row["reply"] for mark in "LlTMNUV")
    names = [row["options"]] if "options" in row else GROUPS[row.get("over", "first")]
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
