"""The demo's shapes, with what a perfect describer would say of each picture."""

from __future__ import annotations

import csv

from prism_engine.demo.shapes import write_shapes


def write_described_shapes(path, count, seed=0, *, gold="Picture of row {}."):
    """Write shapes with a column `gold_description`; `gold` is formatted with the row's number."""
    write_shapes(path, count, seed)
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow([*header, "gold_description"])
        table.writerows([*row, gold.format(number)] for number, row in enumerate(rows))
