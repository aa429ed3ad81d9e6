"""What people see while a run goes on."""

from __future__ import annotations

import asyncio
import io
import re
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from prism_engine.backends.load import LimitUsage, Load, WaitReason
from prism_engine.cli.show import live as display
from prism_engine.cli.show.console import human_bytes, human_seconds
from prism_engine.datasets import IngestProgress
from prism_engine.engine.progress import Progress
from prism_engine.records import Completion, Outcome, Sample, SampleResult, SampleStatus, StepRecord, Usage
from prism_engine.stages.meter import Meter

if TYPE_CHECKING:
    from prism_engine.stage import StageKey


def progress(**changes):
    meters: dict[StageKey, Meter | None] = {
        "perceive": Meter(hits=3, calls=7, in_flight=0),
        "reason": Meter(calls=2, failed=1),
    }
    meters |= {key: changes.pop(key) for key in ("perceive", "reason") if key in changes}
    made = Progress(100, {key: meter for key, meter in meters.items() if meter})
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def rendered(renderable):
    shown = io.StringIO()
    Console(file=shown, width=120).print(renderable)
    return shown.getvalue()


def test_the_line_tells_samples_trouble_stages_and_accuracy():
    line = display.line(progress(done=8, failed=2, scored=8, correct=6.0))
    assert line.startswith(
        "10/100 samples | 2 failed | Descriptions: 7 called, 3 cached | Answers: 2 called, 0 cached, 1 failed"
    )
    assert "75.0% right so far" in line


def test_what_came_from_the_cache_how_fast_it_goes_and_when_it_will_be_done_is_told():
    clock = iter(range(0, 100_000, 10))
    made = Progress(100, {"reason": Meter()}, clock=lambda: next(clock))
    for _ in range(20):
        made.count(SampleResult(Sample(0, "0", (), "?"), SampleStatus.DONE))
    for _ in range(5):
        reply = Completion(Outcome.OK, "A", fresh=True)
        made.count(SampleResult(Sample(0, "0", (), "?"), SampleStatus.DONE, steps=(StepRecord("reason", "r", reply),)))
    line = display.line(made)
    assert line.startswith("25/100 samples | 20 cached | Answers: ")
    assert re.search(r"about \d+ min .* left$", line)


def test_speed_is_pictures_answers_and_tokens_per_second():
    meter = Meter(clock=iter(range(100)).__next__)
    with meter.flying():
        for _ in range(21):
            meter.count_call(Completion(Outcome.OK, "x", usage=Usage(completion_tokens=200)))
        line = display.line(progress(perceive=meter))
        shown = rendered(display.panel(progress(reason=meter)))
    assert re.search(r"[\d.]+ descriptions/s, [\d,.]+ tokens/s", line)
    assert re.search(r"calls/s +tokens/s\n", shown)
    assert re.search(r"Answers .* [\d.]+ +[\d,.]+\n", shown)


def test_a_stopped_run_counts_only_what_was_asked():
    stopped = progress(done=25, failed=3, not_run=72)
    assert display.line(stopped).startswith("28/100 samples | 3 failed, 72 not run")
    assert "28/100  3 failed, 72 not run" in rendered(display.panel(stopped))


def test_calls_that_wait_for_the_budget_are_not_said_to_wait_for_a_start():
    held = progress(reason=Meter(in_flight=5, load=lambda: Load(WaitReason.BUDGET)))
    assert "starting" not in display.line(held)
    shown = rendered(display.panel(held))
    assert "starting" not in shown
    assert "the next call waits for: budget" in shown


def test_the_panel_fits_80_columns():
    busy = Meter(in_flight=128, calls=12_345, hits=12_345, shared=12_345, completion_tokens=1_234_567, failed=12)
    file = io.StringIO()
    Console(file=file, width=80).print(display.panel(progress(reason=busy, perceive=busy)))
    rows = [line for line in file.getvalue().splitlines() if "12,345" in line]
    assert len(rows) == 2
    assert all(row.count("12,345") == 3 and "1,234,567" in row for row in rows)


def test_each_limit_is_shown_with_its_share_in_use_and_what_the_next_call_waits_for():
    limits = {"concurrency": LimitUsage(6, 12), "requests_per_minute": LimitUsage(450, 500)}
    shown = rendered(display.panel(progress(reason=Meter(load=lambda: Load(WaitReason.REQUESTS, limits)))))
    assert "Answers: concurrency 6/12 (50%), requests/min 450/500 (90%); the next call waits for: requests/min" in shown


def test_a_run_that_only_describes_has_no_second_stage():
    assert "Answers" not in display.line(progress(reason=None))


def test_one_of_several_runs_is_named():
    assert display.line(progress(name="direct")).startswith("direct | 0/100 samples")
    assert "direct  0/100" in rendered(display.panel(progress(name="direct")))


def test_a_run_that_only_answers_has_no_first_stage():
    assert "Descriptions" not in display.line(progress(perceive=None))
    assert "Descriptions" not in rendered(display.panel(progress(perceive=None)))


def test_a_stopping_run_says_how_to_stop_at_once():
    assert "Ctrl-C again" in display.line(progress(stopping=True))


def test_a_stage_that_waits_for_its_first_answer_says_why_it_may():
    waiting = progress(reason=Meter(in_flight=5))
    assert "5 open (none answered yet: its model may be starting)" in display.line(waiting)
    assert "Answers: none answered yet" in rendered(display.panel(waiting))


def test_the_panel_shows_the_same_numbers():
    text = rendered(display.panel(progress(done=8, failed=2)))
    assert "10/100" in text
    assert "Descriptions" in text
    assert "Answers" in text


@pytest.mark.parametrize("terminal", [True, False])
async def test_progress_is_shown_on_a_terminal_and_in_a_log(monkeypatch, terminal):
    file = io.StringIO()
    monkeypatch.setattr(display, "stderr", Console(file=file, force_terminal=terminal, width=100))
    monkeypatch.setattr(display, "LIVE_SECONDS", 0.001)
    monkeypatch.setattr(display, "LOG_SECONDS", 0.001)
    async with display.watch(progress()):
        await asyncio.sleep(0.05)
    shown = file.getvalue()
    assert "0/100" in shown
    assert ("\x1b" in shown) is terminal


@pytest.mark.parametrize("terminal", [True, False])
async def test_a_terminal_that_goes_away_does_not_end_the_run(monkeypatch, terminal):
    class Gone(io.StringIO):
        def write(self, _text):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(display, "LIVE_SECONDS", 0.001)
    monkeypatch.setattr(display, "LOG_SECONDS", 0.001)
    console = Console(file=io.StringIO(), force_terminal=terminal)
    monkeypatch.setattr(display, "stderr", console)
    async with display.watch(progress()):
        console.file = Gone()
        await asyncio.sleep(0.02)


def test_only_large_files_are_worth_telling_about(capsys):
    tell = display.ingesting()
    tell(IngestProgress(10, 1000, 1000))
    assert capsys.readouterr().err == ""
    for read in range(0, 200_000_001, 5_000_000):
        tell(IngestProgress(read, read, 200_000_000))
    assert capsys.readouterr().err.count("reading the benchmark") == 10


def test_sizes_and_times_are_for_people():
    assert [human_bytes(count) for count in (5, 1500, 2e9, 3e12)] == ["5 B", "1.5 kB", "2.0 GB", "3.0 TB"]
    assert [human_seconds(count) for count in (5.4, 65, 3900)] == ["5 s", "1 min 05 s", "1 h 05 min"]


def test_why_calls_wait_for_the_budget_is_shown():
    load = Load(WaitReason.BUDGET, {"concurrency": LimitUsage(6, 12)}, note="each request reserves $1")
    shown = rendered(display.panel(progress(reason=Meter(load=lambda: load))))
    assert "the next call waits for: budget (each request reserves $1)" in shown
