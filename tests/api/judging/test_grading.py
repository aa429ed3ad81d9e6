"""Grading against a rubric, from rows and pictures on disk to a folder of grades; the judge is a real HTTP server."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import orjson
import pytest
from PIL import Image

from prism_engine.api.judging.grading import grade
from prism_engine.api.results.run_status import RunStatus
from prism_engine.api.results.status import RunState
from prism_engine.cache import Store
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.config import ApiModel, load_registry
from prism_engine.config.judging import GradingConfig, Template
from prism_engine.engine.progress import Progress
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import DatasetError, DeadError, UserError
from prism_engine.judging.graded_rows import read_rows
from prism_engine.judging.grader import Grader, grade_all
from prism_engine.records import Image as Picture
from prism_engine.records import ModelIdentity, Sampling
from prism_engine.stages.cached import CachedModel
from tests.provider import paid_model, provider

LEVELS = ["not", "hardly", "partly", "mostly", "wholly"]
ROWS = 6


@pytest.fixture
def rows(tmp_path):
    """Six rows about three pictures."""
    for number in range(3):
        Image.new("RGB", (128, 128), (80 * number, 0, 0)).save(tmp_path / f"{number}.png")
    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for number in range(ROWS):
            row: dict[str, Any]
            row = {"id": f"r{number}", "image": f"{number % 3}.png", "instruction": f"Say {number}.", "reference": "so"}
            row |= {"response": "x" * (1 + number % 4), "rubric": {"criterion": "Exact?", "levels": LEVELS}}
            file.write(json.dumps(row) + "\n")
    return path


def number_asked(body):
    text = str(body["messages"])
    return next((number for number in range(ROWS) if f"Say {number}." in text), 0)  # 0: the test request


def graded(rows, server, **options):
    config = GradingConfig(
        rows=rows,
        judge="judge",
        cache_dir=rows.parent / "cache",
        results_dir=rows.parent / "results",
        models={"judge": ApiModel.model_validate(paid_model(server, price=None, attempts=1))},
        **options,
    )
    return grade(config, load_registry())


def by_row(body):
    return f"Feedback: because. [RESULT] {1 + number_asked(body) % 5}"


def test_every_row_gets_its_grade_and_a_second_time_nothing_is_called(rows):
    with provider(Behaviour(reply=by_row)) as server:
        report = graded(rows, server)
        assert server.stats.completed == ROWS + 1  # a ping
        assert graded(rows, server).graded == report.graded
        assert server.stats.completed == ROWS + 1
    assert report.status is RunStatus.COMPLETE
    lines = [orjson.loads(line) for line in (report.folder / "grades.jsonl").read_bytes().splitlines()]
    assert [(line["id"], line["score"], line["feedback"]) for line in lines] == [
        (f"r{number}", 1 + number % 5, ["because."]) for number in range(ROWS)
    ]
    assert lines[0]["image"] == sha256((rows.parent / "0.png").read_bytes()).hexdigest()
    assert orjson.loads((report.folder / "grades.json").read_bytes())["graded"] == ROWS
    state = RunState.read(report.folder / "status.json")
    assert (state.command, state.state, state.progress["samples"]["done"]) == ("grade", "complete", ROWS)


@pytest.mark.parametrize(("blind", "pictures"), [(False, ROWS), (True, 0)])
def test_a_blind_judge_is_sent_no_picture(rows, blind, pictures):
    sent = []

    def look(body):
        sent.append("image_url" in str(body["messages"]))
        return by_row(body)

    with provider(Behaviour(reply=lambda body: "OK" if "word OK" in str(body) else look(body))) as server:
        report = graded(rows, server, blind=blind)
    assert (len(sent), sum(sent)) == (ROWS, pictures)
    assert ("blind" in report.folder.name) is blind


def test_grades_are_compared_with_people_and_with_other_grades(rows, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text(
        "id,score\n" + "".join(f"r{number},{1 + number % 5}\nr{number},{1 + number % 5}\n" for number in range(ROWS))
    )
    with provider(Behaviour(reply=by_row)) as server:
        first = graded(rows, server, against=(people,), samples=2)
        other = graded(rows, server, template=Template.README, against=(first.folder / "grades.jsonl",))
    agreement = first.agreements[str(people)]
    assert (agreement.rows, agreement.clusters) == (ROWS, 3)
    assert agreement.pearson.value == pytest.approx(1)
    assert first.agreements["itself"].kendall.value == pytest.approx(1)
    assert other.agreements[str(first.folder / "grades.jsonl")].spearman.value == pytest.approx(1)
    assert first.length_bias is not None


def test_an_unreadable_grade_is_missing_and_not_made_up(rows):
    with provider(Behaviour(reply=lambda body: by_row(body) if number_asked(body) else "I'd rather not")) as server:
        report = graded(rows, server)
        assert server.stats.completed >= ROWS + 2  # three attempts at one row
    assert report.status is RunStatus.INCOMPLETE
    assert [row.mean for row in report.graded] == [None, 2, 3, 4, 5, 1]


def test_a_judge_that_is_not_there_is_an_error_and_nothing_is_written(rows):
    with provider() as server:
        pass
    with pytest.raises(DeadError, match="does not answer"):
        graded(rows, server)
    assert not (rows.parent / "results").exists()


@pytest.mark.parametrize("content", ["id,grade\nr0,1\n", "id,score\nr0,much\n", "id,score\nr0,nan\n", "score\n1\n"])
def test_invalid_scores_to_compare_with_are_reported_before_anything_is_called(rows, tmp_path, content):
    (tmp_path / "people.csv").write_text(content)
    with provider() as server:
        with pytest.raises(UserError, match=r"people\.csv, row 1"):
            graded(rows, server, against=(tmp_path / "people.csv",))
        with pytest.raises(UserError, match="cannot be read"):
            graded(rows, server, against=(tmp_path / "none.csv",))
        for broken in (b"{", b'{"id": 1, "score": 2}\n{', b"\xff\xfe"):
            (tmp_path / "other.jsonl").write_bytes(broken)
            with pytest.raises(UserError, match=r"other\.jsonl, row [12]: "):
                graded(rows, server, against=(tmp_path / "other.jsonl",))
        assert server.stats.received == 0


def test_an_invalid_picture_is_reported_with_its_row(rows):
    (rows.parent / "1.png").write_bytes(b"no picture")
    with provider() as server, pytest.raises(DatasetError, match="row 2: image"):
        graded(rows, server)


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of torch and vLLM
async def test_a_real_vlm_in_process_grades_with_the_picture_in_its_prompt(rows, tmp_path, vllm_engine):
    # nano-captioner has never seen a rubric: its replies are not grades and must not be read as such.
    pictures = {}

    def keep(data):
        digest = sha256(data).hexdigest()
        (path := tmp_path / digest).write_bytes(data)
        return pictures.setdefault(digest, Picture(digest, path))

    table = read_rows(rows, {}, None, keep)[:2]
    with Store(tmp_path / "calls.sqlite") as store:
        model = CachedModel(vllm_engine, store)
        grader = Grader(model, ModelIdentity("captioner", (("w", "1"),)), Sampling(16, 1.0, 0.9))
        progress, stop = Progress(2, {"judge": model.meter}), Stop()
        found = await grade_all(table, grader, width=2, progress=progress, stop=stop)
        assert stop.reason is None
        assert [(row.mean, row.asked, row.responded) for row in found] == [(None, 3, True)] * 2
        assert (model.meter.calls, model.meter.failed, stop.requested) == (6, 0, False)
        await grade_all(table, grader, width=2, progress=progress, stop=stop)
        assert model.meter.calls == 6
