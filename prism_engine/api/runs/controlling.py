"""Carries out what the user asks of running runs from another process: pause, resume, drain, status, set."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from prism_engine.api.runs.live_limits import limited_models, model_for, said
from prism_engine.budget import cap_of, exact, shown
from prism_engine.control.messages import LIMITS, settings_of
from prism_engine.errors import BudgetError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from prism_engine.api.build.workbench import Workbench
    from prism_engine.api.runs.live_limits import LimitedModel
    from prism_engine.api.runs.prepared import PreparedRun
    from prism_engine.api.runs.stopping import DeadlineAlarm
    from prism_engine.budget import BudgetController
    from prism_engine.control.messages import ControlRequest, LiveSetting
    from prism_engine.engine.progress import Progress
    from prism_engine.engine.scheduler import Stop


class _Change(NamedTuple):
    """A setting with what it applies to: a model's limit, or the whole command if there is no model."""

    setting: LiveSetting
    model: LimitedModel | None


class RunControl:
    """Controls the runs of one command. Pause, drain, cap and deadline are of all of them, limits of a model.

    Args:
        runs: all runs of the command.
        overview: the progress of all of them together.
        shared: their models.
        stop: their stop.
        alarm: their deadline.
    """

    def __init__(
        self, runs: Sequence[PreparedRun], overview: Progress, shared: Workbench, stop: Stop, alarm: DeadlineAlarm
    ) -> None:
        self._runs = runs
        self._overview = overview
        self._shared = shared
        self._stop = stop
        self._alarm = alarm
        stop.listen(partial(shared.hold, on=False))  # calls that were held must learn that the runs are stopping

    def handlers(self) -> dict[Path, Callable[[ControlRequest], Awaitable[dict[str, Any]]]]:
        """Return what carries out the requests to each run, by the run's folder."""
        return {run.layout.folder: partial(self.handle, run) for run in self._runs}

    async def handle(self, run: PreparedRun, request: ControlRequest) -> dict[str, Any]:
        """Carry out a request to one of the runs, and return `message` and `state`.

        Raises:
            ConfigError: it makes no sense for this run; nothing was changed.
            StoreError: the ledger cannot be written; nothing was changed.
        """
        if request.command == "status":
            return {"message": "", "state": self.state(run)}
        if self._stop.requested:
            raise ConfigError("the run is stopping: it finishes the calls in flight")
        message = await self._carried_out(run, request)
        return {"message": message, "state": self.state(run)}

    def state(self, run: PreparedRun) -> dict[str, Any]:
        """Return what a run does now: plain values.

        `state` is running, paused or stopping; `runs` has the samples of every run of the command; `models` the limits
        in force by model; `max_cost` and `spent` are exact US dollars as text, or None; `deadline` is a time or None;
        `progress` is `Progress.snapshot` of this run, with the `control` commands so far.
        """
        controller, moment = run.parts.controller, self._alarm.moment
        paused = self._shared.gate.closed
        return {
            "state": "stopping" if self._stop.requested else "paused" if paused else "running",
            "folder": str(run.layout.folder),
            "runs": [
                {
                    "name": one.name,
                    "folder": str(one.layout.folder),
                    "done": one.progress.finished,
                    "of": one.progress.total,
                }
                for one in self._runs
            ],
            "models": [
                {"role": model.role, "name": model.name, **model.limits.model_dump(exclude_none=True)}
                for model in limited_models(run, self._shared)
            ],
            "max_cost": None if controller is None or controller.cap is None else exact(controller.cap),
            "spent": None if controller is None else exact(controller.balance.used),
            "deadline": None if moment is None else moment.isoformat(timespec="seconds"),
            "progress": run.progress.snapshot(),
        }

    async def _carried_out(self, run: PreparedRun, request: ControlRequest) -> str:
        of_all = f" ({_every(len(self._runs))} of this command)" if len(self._runs) > 1 else ""
        match request.command:
            case "set":
                return await self._set(run, settings_of(request.values))
            case "drain":
                self._record(self._runs, request.command)
                self._stop.request()
                return f"stopping{of_all}: the calls in flight finish and are stored; the same command continues"
            case "pause" if self._shared.gate.closed:
                return f"already paused{of_all}"
            case "resume" if not self._shared.gate.closed:
                return f"not paused{of_all}"
        paused = request.command == "pause"
        self._shared.hold(on=paused)
        for progress in (self._overview, *(one.progress for one in self._runs)):
            progress.set_paused(paused=paused)
        self._record(self._runs, request.command)
        if paused:
            return f"paused{of_all}: no new calls; those in flight finish and are stored"
        return f"resumed{of_all}"

    async def _set(self, run: PreparedRun, settings: Sequence[LiveSetting]) -> str:
        """Check all settings, then apply them; the one that can still fail comes first."""
        models = limited_models(run, self._shared)
        changes = [
            _Change(each, model_for(each, run, models) if each.key in LIMITS.values() else None) for each in settings
        ]
        changes.sort(key=lambda change: change.setting.key != "max_cost")
        messages = [await self._apply(run, change) for change in changes]
        return "; ".join(messages)

    async def _apply(self, run: PreparedRun, change: _Change) -> str:
        setting, model = change
        if setting.key == "max_cost":
            return await self._change_cap(run, setting)
        if model is None:
            self._alarm.set(setting.value, datetime.now().astimezone())
            self._record(self._runs, "set", {setting.name: setting.value or "none"})
            moment = self._alarm.moment
            return "no deadline" if moment is None else f"stops at {moment:%Y-%m-%d %H:%M}"
        before = getattr(model.limits, setting.key)
        model.change(setting.key, setting.value)
        users = [one for one in self._runs if model.is_used_by(one, self._shared)]
        short = setting.name.rpartition(".")[2]
        self._record(users, "set", {f"{model.role}.{short}": str(setting.value)})
        also = "" if len(users) == 1 else f", in the {len(users)} runs of this command that use it"
        was = "none" if before is None else f"{before:,}"
        return f"{model.name}: {said(setting.key, setting.value)} (was {was}){also}"

    async def _change_cap(self, run: PreparedRun, setting: LiveSetting) -> str:
        controller = self._controller(run)
        shared = await controller.change_cap(cap_of(setting.value))
        self._record(self._runs, "set", {setting.name: str(setting.value)})
        balance, cap = controller.balance, shown(shared.cap)
        whose = f"the cap of all runs into {run.parts.config.results_dir} is {cap}, {shown(balance.used)} of it spent"
        if shared.others:
            whose += f"; it holds for {shared.others} more running process{'es' * (shared.others > 1)}"
        if shared.without:
            whose += (
                f"; {shared.without} running without a cap go on"
                if shared.without > 1
                else "; one without a cap goes on"
            )
        if balance.used >= shared.cap:
            self._stop.request(BudgetError(f"budget: {shown(balance.used)} of {cap} spent, as the cap was lowered"))
            whose += "; the run stops"
        return whose

    def _controller(self, run: PreparedRun) -> BudgetController:
        parts = run.parts
        if parts.unpriced:
            raise ConfigError(
                f"max_cost needs the price of {', '.join(map(repr, parts.unpriced))}, which is not known: drain the "
                "run, add `price:` to the model's entry, and continue with --max-cost"
            )
        if parts.controller is None:
            raise ConfigError("max_cost: no model that this run calls has a price, so there is nothing to cap")
        return parts.controller

    def _record(self, runs: Sequence[PreparedRun], command: str, values: Mapping[str, str] | None = None) -> None:
        entry: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "command": command}
        if values:
            entry["values"] = dict(values)
        for run in runs:
            run.progress.record_command(entry)


def _every(runs: int) -> str:
    return "both runs" if runs == 2 else f"all {runs} runs"
