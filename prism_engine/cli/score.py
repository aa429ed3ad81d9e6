"""`prism score`: scores finished runs again, under one set of rules or more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from prism_engine.cli.config_options import option
from prism_engine.cli.options import (
    RESULTS_DIR,
    SCORING,
    KindOption,
    ResultsFolder,
    RunsArgument,
)
from prism_engine.cli.show.console import print_table, stdout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.api import Rescoring
    from prism_engine.report import Scores

_SHOWN = 5


def score(
    *,
    runs: RunsArgument,
    profile: Annotated[
        list[str] | None,
        option(
            "Rules that extract answers from replies: prism (the newest, prism-2), prism-1, v1, v2, v3; may repeat.",
            panel=SCORING,
            example="--profile v1 --profile v3",
            default="prism",
        ),
    ] = None,
    answer_kind: KindOption = None,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:
    """Score finished runs again, without any model, under one set of rules or more.

    Needs no GPU, no key, no network and no vLLM. Writes `scores-PROFILE.json`, `.csv` and `.md` and
    `predictions-PROFILE.jsonl` next to the run's own, and `sensitivity.jsonl`: the rows on which the rules differ. If a
    run has multiple draws, every draw is scored, into `draws-PROFILE.jsonl`, `.json` and `.md`; rotations of the
    options likewise, into `rotations-PROFILE.*`.

    [bold]Example:[/] prism score results/generic/MMStar/smolvlm-256m/gpt-4o-mini --profile v1 --profile v3
    """
    from prism_engine import api  # noqa: PLC0415 - commands import what they use when called

    # Find all before scoring any: a misspelt name must not cost the time of the others.
    found = [api.find_predictions(results_dir, run) for run in runs]
    for predictions in found:
        _print(api.rescore(predictions, profile or ["prism"], answer_kind))


def _print(rescoring: Rescoring) -> None:
    stdout.print(str(rescoring.folder), style="bold", markup=False, soft_wrap=True)
    _print_scores(rescoring.scores)
    if rescoring.draws:
        from prism_engine.cli.show.reports import print_draws  # noqa: PLC0415 - see above

        print_draws(rescoring.draws)
    for name, bias in rescoring.bias.items():
        from prism_engine.cli.show.reports import print_bias  # noqa: PLC0415 - see above

        print_bias(bias, name)
    panel = rescoring.sensitivity
    stdout.print(f"{panel.differing:,} of {panel.rows:,} replies are read differently by the rules", soft_wrap=True)
    pairs = [one for one in panel.differences() if one.rows]
    if pairs:
        print_table(
            ("Rules", "Read differently", "First right", "Second right", "Only the first", "Only the second"),
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
    more = (*("draws-*",) * bool(rescoring.draws), *("rotations-*",) * bool(rescoring.bias))
    written = ", ".join(("scores-*", "predictions-*", *more, "sensitivity.jsonl"))
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
