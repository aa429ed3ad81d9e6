"""Everything that a report of finished runs shows, read benchmark by benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prism_engine.report.viewer.contract import CONTRACT
from prism_engine.report.viewer.overview import benchmark_facts, places_of, run_facts
from prism_engine.report.viewer.prompt_templates import Templates
from prism_engine.report.viewer.samples import RunAnswers, samples_of
from prism_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from prism_engine.report.effects.failures import Judged
    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.viewer.contract import Header, ShownSample
    from prism_engine.report.viewer.prompt_templates import FindMessages


@dataclass
class ReportData:
    """The data of a report; only one benchmark's rows are in memory at a time.

    Attributes:
        header: complete once all samples are read.
        templates: of the prompts of the samples read so far.
    """

    benchmarks: Mapping[str, AlignedRuns]
    judged: Sequence[Judged]
    """The verdicts of all decoupled runs."""
    find_prompts: Mapping[Path, FindMessages] = field(default_factory=dict)
    """What finds the prompts of a run's calls, by its folder; a run without one has no prompts in the report."""

    def __post_init__(self) -> None:
        self.header: Header = {
            "contract": CONTRACT,
            "title": ", ".join(self.benchmarks),
            "prism_engine": __version__,
            "benchmarks": [],
            "runs": [],
        }
        self.templates = Templates()

    def samples(self) -> Iterator[ShownSample]:
        """Read all samples in order; call it once.

        Raises:
            UserError: a file of a run is missing or damaged.
        """
        verdicts = {one.setting: one.verdicts for one in self.judged}
        places = places_of([run.folder for aligned in self.benchmarks.values() for run in aligned.runs])
        first = 0
        for number, (name, aligned) in enumerate(self.benchmarks.items()):
            answers: list[RunAnswers] = []
            for run in aligned.runs:
                book = self.templates.book(find) if (find := self.find_prompts.get(run.folder)) else None
                answers.append(
                    RunAnswers(len(self.header["runs"]) + len(answers), run, verdicts.get(run.setting), book)
                )
                answers[-1].read()
            facts = benchmark_facts(name, aligned, answers)
            self.header["benchmarks"].append(facts)
            self.header["runs"] += [run_facts(run, places[run.id], number, facts) for run in answers]
            yield from samples_of(aligned, answers, number, first)
            first += len(aligned.samples)

    def pictures(self) -> list[str]:
        """Return the digests of all pictures in the order of the samples, each once."""
        images = (images for aligned in self.benchmarks.values() for images in aligned.samples["images"].to_list())
        return list(dict.fromkeys(str(digest) for each in images for digest in each or ()))
