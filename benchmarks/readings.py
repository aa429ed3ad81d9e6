"""Precision and coverage of reading labelled multiple-choice replies under each profile; each wording counts once."""

from __future__ import annotations

import argparse
from functools import partial

from prism_engine.scoring import PROFILES, match_option
from tests.readings.labelled import Wording, measure, misread, wordings

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
    arguments = parser.parse_args()
    sets = {name: wordings(name) for name in FILES if arguments.of in (None, name)}
    if arguments.misread:
        list_misread(sets, arguments.misread)
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


def list_misread(sets: dict[str, list[Wording]], profile: str) -> None:
    for name, found in sets.items():
        for kind, reply, letter in misread(found, partial(match_option, profile=PROFILES[profile])):
            print(f"{name}: {kind}: {reply.text!r} means {reply.means}, read {letter}")


if __name__ == "__main__":
    main()
