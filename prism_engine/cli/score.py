"""`prism score`: finished runs scored again, under other rules or several side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli.options import KindOption, ResultsDirOption  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.reports import print_draws
from prism_engine.cli.show.tables import print_table, stdout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.api import Rescoring
    from prism_engine.report import Scores

RunsArgument = Annotated[
    list[str], typer.Argument(help="Runs: folders of results, or names as in `prism runs`.", metavar="RUNS...")
]
ProfilesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--profile", help="Rules by which replies are read: prism, v1, v2, v3; may be repeated.  \\[default: prism]"
    ),
]
_SHOWN = 5


def score(
    *,
    runs: RunsArgument,
    profile: ProfilesOption = None,
    answer_kind: KindOption = None,
    results_dir: ResultsDirOption = None,
) -> None:
    """Score finished runs again, without any model: under other rules, or several side by side.

    Needs no GPU, no key, no network and no vLLM. Writes `scores-PROFILE.json`, `.csv` and `.md` and
    `predictions-PROFILE.jsonl` beside the run's own, and `sensitivity.jsonl`: the rows on which the rules differ. Of a
    run with several draws every draw is scored, into `draws-PROFILE.jsonl`, `.json` and `.md`.

    [bold]Example:[/] prism score results/generic/MMStar/smolvlm-256m/gpt-4o-mini --profile v1 --profile v3
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant

    # All are found before any is scored: a misspelt name must not cost the time of the others.
    found = [api.find_predictions(results_dir or Path("results"), run) for run in runs]
    for predictions in found:
        _print(api.rescore(predictions, profile or ["prism"], answer_kind))


def _print(rescoring: Rescoring) -> None:
    stdout.print(str(rescoring.folder), style="bold", markup=False, soft_wrap=True)
    _print_scores(rescoring.scores)
    if rescoring.draws:
        print_draws(rescoring.draws)
    panel = rescoring.sensitivity
    stdout.print(f"{panel.differing:,} of {panel.rows:,} replies are not read alike", soft_wrap=True)
    pairs = [one for one in panel.differences() if one.rows]
    if pairs:
        print_table(
            ("Rules", "Read otherwise", "First right", "Second right", "Only the first", "Only the second"),
            [
                (
                    f"{one.first} / {one.second}",
                    f"{one.rows:,}",
                    *(f"{value:,.6g}" for value in (one.first_total, one.second_total, one.more, one.less)),
                )
                for one in pairs
            ],
        )
        print_table(
            ("Index", "Target", *panel.names, "End of the reply"),
            [
                (
                    row["index"],
                    row["target"] or "-",
                    *(row["read"][name] or "-" for name in panel.names),
                    " ".join(row["reply_end"].split())[-60:],
                )
                for row in panel.examples[:_SHOWN]
            ],
            words=3 + len(panel.names),
        )
    written = ", ".join(("scores-*", "predictions-*", *(["draws-*"] if rescoring.draws else []), "sensitivity.jsonl"))
    stdout.print(f"Written: {written} in {rescoring.folder}", soft_wrap=True, markup=False)


def _print_scores(scores: Mapping[str, Scores]) -> None:
    rows = []
    for name, one in scores.items():
        overall = one.overall
        low, high = overall.accuracy_low, overall.accuracy_high
        headline = next(
            (each for each in one.metrics if (each.name, each.group, each.split) == (one.headline, None, None)), None
        )
        own = "-" if headline is None or headline.value is None else f"{headline.name} {headline.value:.4g}"
        rows.append(
            (
                f"{one.kind}, {name}",
                f"{overall.n:,}",
                _percent(overall.accuracy),
                "-" if low is None or high is None else f"{low:.1%} to {high:.1%}",
                own,
                _percent(overall.accuracy_guessed),
                _percent(overall.accuracy_at_chance),
                _percent(overall.coverage),
                f"{overall.unanswered:,}",
                f"{overall.cannot_tell:,}",
                f"{overall.missing:,}",
            )
        )
    header = ("Rules", "Samples", "Accuracy", "95 % interval", "Quoted by", "If guessed", "If at chance")
    print_table((*header, "Coverage", "Unanswered", "Cannot tell", "Missing"), rows)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
