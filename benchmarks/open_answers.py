"""How well each profile scores the labelled replies to open questions; see `tests/scoring/*_answers.jsonl`.

A score is right if it is the label. It is too high if a reply that does not give the answer scores anyway: the error
that flatters a model. Exits with 1 if `prism-2` misses its targets on the replies that its rules never saw.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.scoring.open_answers.labelled import Labelled, labelled

PROFILES = ("prism-2", "prism-1", "v3", "v2", "v1")
RIGHT, TOO_HIGH = 0.95, 0.01


def share(rows: list[Labelled], profile: str) -> tuple[float, float]:
    """Return the shares of right and of too high scores."""
    right = sum(row.is_right(profile) for row in rows)
    high = sum(row.scored(profile) > row.score + 1e-6 for row in rows)
    return right / len(rows), high / len(rows)


def main() -> None:
    rows = labelled()
    fresh = labelled("fresh_answers")
    groups: defaultdict[str, list[Labelled]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.held_out, reverse=True):
        groups["held out" if row.held_out else "tuned on"].append(row)
    for row in rows:
        groups[row.kind].append(row)
    for row in sorted(fresh, key=lambda row: row.held_out, reverse=True):
        groups["fresh, held out" if row.held_out else "fresh, tuned on"].append(row)
    print(f"{len(rows) + len(fresh)} labels; right / too high, in percent")
    print(f"{'':16}{'n':>5}" + "".join(f"{profile:>16}" for profile in PROFILES))
    for name, members in groups.items():
        shares = [share(members, profile) for profile in PROFILES]
        cells = "".join(f"{100 * right:9.1f} /{100 * high:5.1f}" for right, high in shares)
        print(f"{name:16}{len(members):>5}{cells}")
    start = time.process_time()
    right, high = share(groups["held out"], "prism-2")
    print(f"prism-2: {1e6 * (time.process_time() - start) / (2 * len(groups['held out'])):.0f} us of CPU per reply")
    sys.exit(not (right >= RIGHT and high <= TOO_HIGH))


if __name__ == "__main__":
    main()
