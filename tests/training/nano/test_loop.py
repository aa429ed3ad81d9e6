"""Tests of the training loop: training, stopping, being killed, resuming."""

from __future__ import annotations

import subprocess
import sys

import pytest

from prism_engine.errors import ConfigError, UserError
from prism_engine.training.nano import log, loop
from prism_engine.training.nano.log import LOG
from prism_engine.training.nano.loop import Training
from tests.training import courses
from tests.training.courses import LineCourse

pytestmark = pytest.mark.usefixtures("often")


def taught(folder, seed=0, stops=()):
    """Train to the end, stopping before each call number in `stops` and starting again; return the course."""
    for stop in (*stops, None):
        course, calls = LineCourse(), []

        def stopping(calls=calls, stop=stop):
            calls.append(1)
            return len(calls) == stop

        training = Training(course, folder, seed, lambda _: None, stopping)
        assert training.run() is (stop is None)
    return course


def without_times(folder):
    return [(one.stage, one.step, one.loss, one.scores) for one in log.read(folder / LOG)]


def test_a_course_learns(tmp_path):
    course = taught(tmp_path)
    losses = [one.loss for one in log.read(tmp_path / LOG)]
    assert losses[-1] < 0.7 * losses[0]
    assert course.weights() != LineCourse().weights()


def test_every_step_is_reported_and_every_second_one_logged(tmp_path):
    reported = []
    Training(LineCourse(), tmp_path, 0, reported.append).run()
    assert [(one.stage, one.step) for one in reported] == [("first", n + 1) for n in range(12)] + [
        ("second", n + 1) for n in range(10)
    ]
    assert log.read(tmp_path / LOG) == [one for one in reported if one.step % 2 == 0]


def test_the_last_stage_is_examined_now_and_then(tmp_path):
    course = taught(tmp_path)
    assert course.examined == [loop.QUICK] * 2
    assert [(one.stage, one.step) for one in log.read(tmp_path / LOG) if one.scores] == [("second", 4), ("second", 8)]


@pytest.mark.parametrize("stops", [(1,), (4,), (4, 3, 9), (13,), (20, 1, 1)])
def test_a_stopped_training_ends_with_the_very_weights_of_an_undisturbed_one(tmp_path, stops):
    undisturbed = taught(tmp_path / "one")
    stopped = taught(tmp_path / "other", stops=stops)
    assert stopped.weights() == undisturbed.weights()
    assert without_times(tmp_path / "other") == without_times(tmp_path / "one")


def test_seconds_are_those_of_all_processes(tmp_path):
    taught(tmp_path, stops=(8,))
    seconds = [one.seconds for one in log.read(tmp_path / LOG)]
    assert seconds == sorted(seconds)


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_last_checkpoint(tmp_path):
    command = [sys.executable, courses.__file__, str(tmp_path / "killed"), "9"]  # checkpoint at step 5, log up to 8
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        child.kill()
    assert [one.step for one in log.read(tmp_path / "killed" / LOG)] == [2, 4, 6, 8]
    going_on = Training(LineCourse(), tmp_path / "killed", 0, lambda _: None)
    assert (going_on.place.stage, going_on.place.step) == (0, 5)
    assert [one.step for one in log.read(tmp_path / "killed" / LOG)] == [2, 4]
    killed = taught(tmp_path / "killed")
    assert killed.weights() == taught(tmp_path / "whole").weights()
    assert without_times(tmp_path / "killed") == without_times(tmp_path / "whole")


def test_another_seed_sees_other_batches(tmp_path):
    assert taught(tmp_path / "0").weights() != taught(tmp_path / "1", seed=1).weights()


def test_a_finished_training_has_nothing_left_to_do(tmp_path):
    weights = taught(tmp_path).weights()
    training = Training(LineCourse(), tmp_path, 0, lambda _: pytest.fail("nothing is left to do"))
    assert training.finished
    assert training.run()
    assert taught(tmp_path).weights() == weights


def test_another_seeds_folder_is_refused_and_left_alone(tmp_path):
    taught(tmp_path, stops=(6,))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ConfigError, match=r"seed.*--out"):
        Training(LineCourse(), tmp_path, 1, lambda _: None)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file: cannot be created .*--out"):
        Training(LineCourse(), tmp_path / "file", 0, lambda _: None)
