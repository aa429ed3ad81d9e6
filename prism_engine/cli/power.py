"""`prism power`: how many questions a comparison needs, from earlier runs."""

from __future__ import annotations

from typing import Annotated

import typer

from prism_engine.cli import completion
from prism_engine.cli.analyze import print_sheet
from prism_engine.cli.options import RESULTS_DIR, JsonOption, ResultsFolder
from prism_engine.cli.show.console import print_json, stdout
from prism_engine.errors import ConfigError


def power(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Folders of earlier runs, folders that contain them, or enough of a run's name in `prism runs`.",
            metavar="RUNS",
            autocompletion=completion.runs,
        ),
    ],
    *,
    difference: Annotated[
        list[float] | None,
        typer.Option(
            "--difference", "-d", metavar="POINTS",
            help="Difference to find, in points of accuracy; may be repeated.  \\[default: 1, 2, 3 and 5]",
        ),
    ] = None,
    chance: Annotated[
        float, typer.Option("--power", help="Probability of finding the difference if there is one.")
    ] = 0.8,
    alpha: Annotated[float, typer.Option("--alpha", help="Probability of finding one if there is none.")] = 0.05,
    discordance: Annotated[
        float | None,
        typer.Option(
            "--discordance", metavar="PERCENT",
            help="Questions that only one of two systems gets right, instead of what the runs show.",
        ),
    ] = None,
    as_json: JsonOption = False,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:  # fmt: skip
    """Report how many questions a difference of X points between two systems needs, from earlier runs.

    Every two runs of a benchmark show on how many questions systems differ, and how much answers about one picture
    depend on each other (the design effect): few differing questions need a small benchmark, many questions per picture
    a large one. "Can find" is the smallest difference that the runs' own questions find. The numbers are for the tests
    of `prism compare`; docs/analysis.md has the formulas.

    With one run, the other system is assumed to be as good, with answers correlated by one half; --discordance replaces
    this.

    [bold]Example:[/] prism power generic/MMStar/qwen2.5-vl-7b/gpt-4o-mini generic/MMStar/smolvlm-2b/gpt-4o-mini -d 2
    """
    from prism_engine.api.analysis.questions_needed import DIFFERENCES, questions_needed  # noqa: PLC0415 - commands import what they use when called
    from prism_engine.report.effects.sample_size import Goal  # noqa: PLC0415

    for option, number, top in (
        *(("--difference", each, 100) for each in difference or ()),
        *(("--power", chance, 1), ("--alpha", alpha, 1)),
        *(("--discordance", each, 100) for each in (discordance,) if each is not None),
    ):
        if not 0 < number < top:
            raise ConfigError(f"{option} {number:g}: must be more than 0 and less than {top}")
    if chance <= alpha:
        raise ConfigError(f"--power {chance:g}: must be more than --alpha ({alpha:g})")
    found = questions_needed(
        runs, results_dir=results_dir, differences=difference or DIFFERENCES, goal=Goal(chance, alpha),
        discordance=None if discordance is None else discordance / 100,
    )  # fmt: skip
    if as_json:
        print_json(found.as_json())
        return
    stdout.print(f"Questions needed to find a difference with power {chance:g} at alpha {alpha:g} (two-sided)")
    print_sheet(found.sheet())
    pairs = [each for group in found.pairs.values() for each in group]
    if any(not each.measured for each in pairs) and discordance is None:
        stdout.print(
            "For a run without a second one of its benchmark, the share of questions that differ is assumed "
            "(--discordance)",
            soft_wrap=True,
        )
    if hidden := sum(max(0, len(group) - 10) for group in found.pairs.values()):
        stdout.print(f"{hidden:,} more pairs are in --json")
