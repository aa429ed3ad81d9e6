"""Judges finished runs: sends answers that rules could not read to a model; keeps the original results."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from prism_engine.api.build.parts import STORE_NAME
from prism_engine.api.build.workbench import Workbench
from prism_engine.api.judging.judge_models import ready_judge, resolve_judge
from prism_engine.api.judging.judged_files import Case, open_case, write_case
from prism_engine.api.results.run_status import RunStatus, stopped_status
from prism_engine.api.results.status import keeping_status, write_status
from prism_engine.api.runs.loops import run_blocking
from prism_engine.api.runs.stopping import stopping_at_deadline, stopping_on_signals
from prism_engine.budget import PerCall, PromptVolume, Seen, expect, text_bytes
from prism_engine.cache import Store, earlier_calls
from prism_engine.engine.lookup import look_up
from prism_engine.engine.plan import MOST_SEEN
from prism_engine.engine.progress import Progress
from prism_engine.engine.scheduler import Stop
from prism_engine.judging.answer_judge import AnswerJudge
from prism_engine.judging.reviewing import OpenAnswers, Resolved, judge_all, judged_rows
from prism_engine.records import Outcome
from prism_engine.stages.cached import CachedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prism_engine.api.build.resolve import ResolvedModel
    from prism_engine.api.results.answer_files import Folded
    from prism_engine.api.runs.execution import ProgressDisplay
    from prism_engine.budget import Expense, Spending
    from prism_engine.config import Registry
    from prism_engine.config.judging import JudgeConfig
    from prism_engine.engine.lookup import LookedUp
    from prism_engine.judging.answer_judge import Verdict
    from prism_engine.judging.reviewing import RowKey
    from prism_engine.report import DrawScores, PositionBias, Scores


@dataclass(frozen=True)
class JudgeReport:
    """The outcome of judging one run."""

    run: Path
    folder: Path
    """Where the judged results are stored."""
    judge: str
    model: str
    """The judge's model name at its endpoint."""
    status: RunStatus
    progress: Progress
    """Of the answers sent to the judge."""
    resolved: Counter[Resolved] = field(default_factory=Counter)
    """How many answers were resolved in each way; empty if judging stopped."""
    scores: Scores | None = None
    """Of each question's first draw; None if judging stopped."""
    draws: DrawScores | None = None
    """Of all draws; None if judging stopped or questions are asked once."""
    bias: PositionBias | None = None
    """Over all rotations; None if judging stopped or no options are rotated."""
    trouble: Exception | None = None
    unanswered: int = 0
    """How many of the unscored answers have no review because the judge's calls failed; the others' are unreadable."""


@dataclass(frozen=True)
class JudgePlan:
    """The work that judging one run would take."""

    run: Path
    open: int
    """Maximum number of answers to judge; fewer are needed if a group of rotations is decided early."""
    cached: int
    """Open answers whose first review is in the cache."""
    to_ask: int
    """First reviews of the others. Identical answers, such as draws of one question, share a review."""
    expense: Expense
    """Expected usage and cost of these reviews."""


@dataclass(frozen=True)
class _ReadyJudge:
    """A judge with its cache, ready to be called."""

    config: JudgeConfig
    resolved: ResolvedModel
    model: CachedModel
    store: Store

    @property
    def model_name(self) -> str:
        """The judge's model name at its endpoint."""
        return str(getattr(self.resolved.spec, "model", self.config.judge))

    def answer_judge(self, pending: OpenAnswers) -> AnswerJudge:
        judge = self.resolved
        return AnswerJudge(
            pending.scorer, self.model, judge.identity, max_tokens=self.config.max_tokens, price=judge.row_price
        )


def judge_runs(
    runs: Sequence[Path],
    config: JudgeConfig,
    registry: Registry,
    *,
    watch: ProgressDisplay | None = None,
    finished: Callable[[JudgeReport], None] | None = None,
) -> list[JudgeReport]:
    """Judge the answers of finished runs, one run after another.

    Only answers that rules could not read are sent, and only while they can still change a result. Every review is
    cached before it counts, so the same command resumes where it stopped. Judged results go into a subfolder of the
    run, complete or not at all; the run's own results stay unchanged.

    Raises:
        UserError: a run has no predictions, or the configuration is invalid; nothing was called.
        DeadError: the judge does not answer.
        StoreError: the cache or the ledger cannot be opened.
        KeyboardInterrupt: stopped at once; finished reviews are in the cache.
    """
    resolved = resolve_judge(config, registry)
    cases = [open_case(run, config, resolved.identity) for run in runs]
    try:
        return run_blocking(_judge_cases(cases, config, resolved, watch, finished))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def plan_judging(runs: Sequence[Path], config: JudgeConfig, registry: Registry) -> list[JudgePlan]:
    """Return how many answers are open, cached and still to send. Makes no calls.

    Raises:
        UserError, StoreError: as `judge_runs`.
    """
    resolved = resolve_judge(config, registry)
    with Store(config.cache_dir / STORE_NAME, read_only=True) as store:
        judge = _ReadyJudge(config, resolved, CachedModel(None, store), store)
        return [_plan(open_case(run, config, resolved.identity), judge) for run in runs]


def _plan(case: Case, judge: _ReadyJudge) -> JudgePlan:
    demand, reviews = PromptVolume(), _first_reviews(case, judge)
    to_ask = [review for review in reviews if review.completion is None]
    if judge.resolved.identity.is_stated:  # otherwise every call is made, even if another one is identical
        to_ask = list({review.key: review for review in to_ask}.values())
    for review in to_ask:
        demand.count(text_bytes(review.call), 0)
    history = [
        Seen(past.text_bytes, past.max_tokens, past.completion.outcome is Outcome.TRUNCATED, past.completion.usage)
        for past in earlier_calls(judge.store, "judge", judge.resolved.identity, MOST_SEEN)
    ]
    per_call = PerCall(reviews[0].call.sampling.max_tokens if reviews else 1, 0)
    cached = sum(review.completion is not None for review in reviews)
    return JudgePlan(
        case.run, len(reviews), cached, len(to_ask), expect(demand, history, per_call, judge.resolved.price)
    )


async def _judge_cases(
    cases: Sequence[Case],
    config: JudgeConfig,
    resolved: ResolvedModel,
    watch: ProgressDisplay | None,
    finished: Callable[[JudgeReport], None] | None,
) -> list[JudgeReport]:
    reports: list[JudgeReport] = []
    with Workbench() as bench:
        store = bench.store(config.cache_dir / STORE_NAME)
        judge = _ReadyJudge(config, resolved, CachedModel(None, store), store)
        needed = any(review.completion is None for case in cases for review in _first_reviews(case, judge))
        stop = Stop()
        try:
            backend, spending = await ready_judge(config, resolved, bench, needed=needed)
            with stopping_on_signals(stop), stopping_at_deadline(stop, [config.deadline]):
                for case in cases:
                    case_judge = replace(judge, model=CachedModel(backend, store))  # counts each run's calls separately
                    stop.listen(case_judge.model.drain)
                    reports.append(await _judge_case(case, case_judge, stop, spending, watch))
                    if finished is not None:
                        finished(reports[-1])
        finally:
            await bench.close_backends()
    return reports


async def _judge_case(
    case: Case, judge: _ReadyJudge, stop: Stop, spending: Spending | None, watch: ProgressDisplay | None
) -> JudgeReport:
    config, pending, folder = judge.config, case.pending, case.judged.folder
    progress = Progress(len(pending.unsettled), {"judge": judge.model.meter}, name=case.run.name, spending=spending)
    stop.listen(progress.stop)
    width = 2 * (judge.model.backend.capacity if judge.model.backend is not None else 1)
    verdicts = {}
    if began := not stop.requested:
        async with (
            keeping_status(folder, config, progress, "judge"),
            watch(progress) if watch and pending.unsettled else nullcontext(),
        ):
            verdicts = await judge_all(
                pending,
                judge.answer_judge(pending),
                width=width,
                progress=progress,
                stop=stop,
                max_failures=config.most_failures(progress.total),
            )
            if spending is not None:
                await spending.conclude()
    progress.end()
    if stop.requested:
        status = stopped_status(stop)
        if began:
            write_status(folder, config, progress, status.value, "judge")
        return JudgeReport(case.run, folder, config.judge, judge.model_name, status, progress, trouble=stop.reason)
    counts: Counter[Resolved] = Counter()
    folded = await asyncio.to_thread(_write, case, judge, verdicts, counts, progress)
    tolerated = config.fail_on_error is not None  # more failures would have stopped it
    status = RunStatus.INCOMPLETE if counts[Resolved.UNSCORED] and not tolerated else RunStatus.COMPLETE
    write_status(folder, config, progress, status.value, "judge")
    unanswered = sum(not verdict.responded for verdict in verdicts.values())
    return JudgeReport(
        case.run,
        folder,
        config.judge,
        judge.model_name,
        status,
        progress,
        counts,
        folded.scores,
        folded.draws,
        folded.bias,
        unanswered=unanswered,
    )


def _first_reviews(case: Case, judge: _ReadyJudge) -> list[LookedUp]:
    """Look up the first review of each open answer in the cache."""
    answer_judge = judge.answer_judge(case.pending)
    return look_up([answer_judge.call(row.sample, row.reply, 0) for row in case.pending.open_answers()], judge.store)


def _write(
    case: Case, judge: _ReadyJudge, verdicts: dict[RowKey, Verdict], counts: Counter[Resolved], progress: Progress
) -> Folded:
    def manifest_entry() -> dict[str, Any]:
        return {
            "name": judge.config.judge,
            **judge.resolved.spec.model_dump(mode="json"),
            "identity_facts": dict(judge.resolved.identity.facts),
            "profile": case.pending.scorer.profile,
            "resolved": {way.value: counts[way] for way in Resolved},
            "reviews": judge.model.meter.snapshot(),
            "money": None if progress.spending is None else progress.spending.as_json(),
        }

    rows = judged_rows(case.answers.every, case.pending, verdicts, judge.config.judge, counts)
    return write_case(case, rows, manifest_entry)
