"""Judge finished runs: what rules left open goes to a model, and the results lie beside those without a judge."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from prism_engine.api.build.parts import STORE_NAME
from prism_engine.api.judging.judge_models import ready_judge
from prism_engine.api.judging.judged_files import Case, open_case, write_case
from prism_engine.api.runs.execution import RunStatus
from prism_engine.api.runs.stopping import heeding_signals
from prism_engine.backends.factory import identify_model
from prism_engine.budget import Demand, PerCall, Price, Seen, expect, is_paid, price_of, text_bytes
from prism_engine.cache import Store, earlier_calls
from prism_engine.config import ApiModel
from prism_engine.config.judging import JudgeConfig, find_judge
from prism_engine.engine.lookup import look_up
from prism_engine.engine.plan import MOST_SEEN
from prism_engine.engine.progress import Progress
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import BudgetError
from prism_engine.judging.answer_judge import AnswerJudge
from prism_engine.judging.reviewing import OpenAnswers, Resolved, judge_all, judged_rows
from prism_engine.records import Outcome
from prism_engine.stages.cached import CachedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prism_engine.api.results.answer_files import Folded
    from prism_engine.api.runs.execution import ProgressDisplay
    from prism_engine.budget import Expense, Spending
    from prism_engine.config import ModelSpec, Registry
    from prism_engine.engine.lookup import LookedUp
    from prism_engine.judging.answer_judge import Verdict
    from prism_engine.judging.reviewing import RowKey
    from prism_engine.records import ModelIdentity
    from prism_engine.report import DrawScores, Scores


@dataclass(frozen=True)
class JudgeReport:
    """What judging one run came to."""

    run: Path
    folder: Path
    """Where the judged results lie."""
    judge: str
    model: str
    """The judge's model as its endpoint knows it."""
    status: RunStatus
    progress: Progress
    """Of the answers that were put to the judge."""
    resolved: Counter[Resolved] = field(default_factory=Counter)
    """How many answers each path resolved; empty where judging stopped."""
    scores: Scores | None = None
    """Of several draws of a question of the first; None where judging stopped."""
    draws: DrawScores | None = None
    """What all draws come to; None where judging stopped, and where questions are asked once."""
    trouble: Exception | None = None


@dataclass(frozen=True)
class JudgePlan:
    """What judging one run would take."""

    run: Path
    open: int
    """Answers that may have to be judged; fewer, where a group of rotations is decided early."""
    cached: int
    """Those whose first review is in the cache."""
    to_ask: int
    """First reviews of the others. Answers that are alike, as draws of a question may be, share one."""
    expense: Expense
    """What these will use and cost."""


@dataclass(frozen=True)
class _ReadyJudge:
    """A judge, ready."""

    config: JudgeConfig
    spec: ModelSpec
    identity: ModelIdentity
    model: CachedModel
    store: Store

    @property
    def called(self) -> str:
        """The judge's model as its endpoint knows it."""
        return str(getattr(self.spec, "model", self.config.judge))

    def referee(self, docket: OpenAnswers) -> AnswerJudge:
        return AnswerJudge(docket.scorer, self.model, self.identity, max_tokens=self.config.max_tokens)


def judge_runs(
    runs: Sequence[Path],
    config: JudgeConfig,
    registry: Registry,
    *,
    watch: ProgressDisplay | None = None,
    finished: Callable[[JudgeReport], None] | None = None,
) -> list[JudgeReport]:
    """Judge the answers of finished runs, one run after the other.

    Only what rules left open is asked about, and only as long as it can change a result. Every review is in the cache
    before it counts, so that the same command goes on where it stopped. The results of a run go into a folder below
    it, whole or not at all; its own stay as they are.

    Raises:
        UserError: a run has no predictions, or the configuration cannot work; nothing was called.
        DeadError: the judge does not answer.
        StoreError: the cache or the ledger cannot be opened.
        KeyboardInterrupt: stopped at once; finished reviews are in the cache.
    """
    spec = find_judge(config, registry, os.environ)
    cases = [open_case(run, config) for run in runs]
    try:
        return asyncio.run(_judge_cases(cases, config, spec, watch, finished))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def plan_judging(runs: Sequence[Path], config: JudgeConfig, registry: Registry) -> list[JudgePlan]:
    """Say how many answers are open, how many of them the cache can judge, and what to ask. Calls nothing.

    Raises:
        UserError, StoreError: as `judge_runs`.
    """
    spec = find_judge(config, registry, os.environ)
    identity = identify_model(config.judge, spec, config.cache_dir)
    with Store(config.cache_dir / STORE_NAME, read_only=True) as store:
        bench = _ReadyJudge(config, spec, identity, CachedModel(None, store), store)
        return [_plan(open_case(run, config), bench) for run in runs]


def _plan(case: Case, bench: _ReadyJudge) -> JudgePlan:
    demand, found = Demand(), _first_reviews(case, bench)
    to_ask = {one.key: one.call for one in found if one.completion is None}
    for call in to_ask.values():
        demand.count(text_bytes(call), 0)
    seen = [
        Seen(one.text_bytes, one.max_tokens, one.completion.outcome is Outcome.TRUNCATED, one.completion.usage)
        for one in earlier_calls(bench.store, "judge", bench.identity, MOST_SEEN)
    ]
    paid = isinstance(bench.spec, ApiModel) and is_paid(bench.spec)
    price = price_of(bench.spec) if isinstance(bench.spec, ApiModel) and paid else Price.nothing()
    per_call = PerCall(found[0].call.sampling.max_tokens if found else 1, 0)
    cached = sum(one.completion is not None for one in found)
    return JudgePlan(case.run, len(found), cached, len(to_ask), expect(demand, seen, per_call, price))


async def _judge_cases(
    cases: Sequence[Case],
    config: JudgeConfig,
    spec: ModelSpec,
    watch: ProgressDisplay | None,
    finished: Callable[[JudgeReport], None] | None,
) -> list[JudgeReport]:
    reports: list[JudgeReport] = []
    identity = identify_model(config.judge, spec, config.cache_dir)
    async with AsyncExitStack() as opened:
        store = opened.enter_context(Store(config.cache_dir / STORE_NAME))
        bench = _ReadyJudge(config, spec, identity, CachedModel(None, store), store)
        needed = any(one.completion is None for case in cases for one in _first_reviews(case, bench))
        backend, spending = await ready_judge(config, spec, identity, opened, needed=needed)
        stop = Stop()
        with heeding_signals(stop):
            for case in cases:
                own = replace(bench, model=CachedModel(backend, store))  # its calls are counted apart
                stop.listen(own.model.drain)
                reports.append(await _judge_case(case, own, stop, spending, watch))
                if finished is not None:
                    finished(reports[-1])
    return reports


async def _judge_case(
    case: Case, bench: _ReadyJudge, stop: Stop, spending: Spending | None, watch: ProgressDisplay | None
) -> JudgeReport:
    config, docket, folder = bench.config, case.docket, case.judged.folder
    progress = Progress(len(docket.unsettled), None, bench.model.meter, name=case.run.name, spending=spending)
    stop.listen(progress.stop)
    width = 2 * (bench.model.backend.capacity if bench.model.backend is not None else 1)
    verdicts = {}
    if not stop.requested:
        async with watch(progress) if watch and docket.unsettled else nullcontext():
            verdicts = await judge_all(docket, bench.referee(docket), width=width, progress=progress, stop=stop)
            if spending is not None:
                await spending.conclude()
    if stop.requested:
        status = RunStatus.INTERRUPTED if stop.reason is None else RunStatus.DIED
        status = RunStatus.BUDGET if isinstance(stop.reason, BudgetError) else status
        return JudgeReport(case.run, folder, config.judge, bench.called, status, progress, trouble=stop.reason)
    counts: Counter[Resolved] = Counter()
    scores, draws = await asyncio.to_thread(_write, case, bench, verdicts, counts, progress)
    status = RunStatus.INCOMPLETE if counts[Resolved.UNSCORED] else RunStatus.COMPLETE
    return JudgeReport(case.run, folder, config.judge, bench.called, status, progress, counts, scores, draws)


def _first_reviews(case: Case, bench: _ReadyJudge) -> list[LookedUp]:
    """Look the first review of each open answer up."""
    referee = bench.referee(case.docket)
    return look_up([referee.call(row.sample, row.reply, 0) for row in case.docket.open_answers()], bench.store)


def _write(
    case: Case, bench: _ReadyJudge, verdicts: dict[RowKey, Verdict], counts: Counter[Resolved], progress: Progress
) -> Folded:
    def judge() -> dict[str, Any]:
        return {
            "name": bench.config.judge,
            **bench.spec.model_dump(mode="json"),
            "identity_facts": dict(bench.identity.facts),
            "profile": case.docket.scorer.profile,
            "resolved": {one.value: counts[one] for one in Resolved},
            "reviews": bench.model.meter.snapshot(),
            "money": None if progress.spending is None else progress.spending.as_json(),
        }

    return write_case(case, judged_rows(case.answers.every, case.docket, verdicts, bench.config.judge, counts), judge)
