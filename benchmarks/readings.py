"""Precision and coverage of reading labelled multiple-choice replies under each profile; each wording counts once."""

from __future__ import annotations

import argparse
import statistics
import time
from functools import partial

from prism_engine.scoring import PROFILES, match_option
from tests.readings.labelled import Reply, Wording, measure, misread, wordings

FILES = {
    "wordings": "Tuned on",
    "held_out": "Held out",
    "fresh": "Held out, by another author",
    "unseen": "Held out, the newest",
    "given": "From reports",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misread", metavar="PROFILE", choices=PROFILES, help="list what this profile misreads")
    parser.add_argument("--of", choices=FILES, help="only of this file")
    parser.add_argument("--speed", action="store_true", help="print the CPU time per reply instead, five rounds")
    arguments = parser.parse_args()
    sets = {name: wordings(name) for name in FILES if arguments.of in (None, name)}
    if arguments.misread:
        list_misread(sets, arguments.misread)
        return
    if arguments.speed:
        print_speed([reply for found in sets.values() for one in found for reply in one.replies[:1]])
        return
    order = ["prism-2", *(name for name in PROFILES if name != "prism-2")]
    print("| Replies | Wordings | " + " | ".join(order) + " |\n|---|---:|" + "---:|" * len(order))
    for name, found in sets.items():
        kinds = dict.fromkeys(wording.kind for wording in found) if name != "given" else {}
        print_row(f"**{FILES[name]}**", found, order)
        for kind in kinds:
            print_row(kind, [wording for wording in found if wording.kind == kind], order)


def print_row(title: str, found: list[Wording], order: list[str]) -> None:
    """Print precision / coverage per profile."""
    cells = []
    for name in order:
        shares = measure(found, partial(match_option, profile=PROFILES[name]))
        cells.append(f"{shares.precision:.3f} / {shares.coverage:.3f}")
    print(f"| {title} | {len(found)} | " + " | ".join(cells) + " |")


def print_speed(replies: list[Reply]) -> None:
    """Print microseconds of CPU per reply and profile: median, least and most of the rounds, which take turns."""
    bare = [reply._replace(text=reply.options[0].letter) for reply in replies]
    long = [reply._replace(text=(reply.text + "\n") * 10) for reply in replies]
    for title, given in (("labelled wordings", replies), ("a letter alone", bare), ("ten times as long", long)):
        rounds: dict[str, list[float]] = {name: [] for name in ("prism-2", "prism-1")}
        for number in range(6):
            for name, taken in rounds.items():
                start = time.process_time()
                for reply in given:
                    match_option(reply.text, reply.options, PROFILES[name])
                if number:  # the first round prepares the options
                    taken.append(1e6 * (time.process_time() - start) / len(given))
        for name, taken in rounds.items():
            print(f"{title}, {name}: {statistics.median(taken):.0f} us ({min(taken):.0f} to {max(taken):.0f})")


def list_misread(sets: dict[str, list[Wording]], profile: str) -> None:
    for name, found in sets.items():
        for kind, reply, letter in misread(found, partial(match_option, profile=PROFILES[profile])):
            print(f"{name}: {kind}: {reply.text!r} means {reply.means}, read {letter}")


if __name__ == "__main__":
    main()
