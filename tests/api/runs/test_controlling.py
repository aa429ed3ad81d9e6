"""Controlling a running run through its socket: real runs against the chaos server, counted by what the server saw."""

from __future__ import annotations

import json
import threading
import time

import pytest

from prism_engine.api import RunStatus
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.config import ApiModel, Arm
from prism_engine.control.client import send
from prism_engine.control.sockets import SOCKET_NAME, NotListeningError
from prism_engine.errors import BudgetError, ConfigError, DeadlineError, UserError
from tests.live_run import config_of, folder_of, live, wait_until
from tests.provider import provider

FEW = 96


@pytest.fixture
def server():
    with provider(Behaviour(latency=0.05)) as server:
        yield server


def calls_of(report):
    return report.progress.meters["reason"].calls


def commands_of(folder):
    return json.loads((folder / "manifest.json").read_text())["control"]


def test_a_paused_run_makes_no_new_call_and_loses_none_in_flight_and_goes_on(server, tmp_path):
    config = config_of(tmp_path, server)
    folder = folder_of(config)
    with live(config) as run:
        wait_until(lambda: server.stats.received >= 4)
        reply = send(folder, "pause")
        assert reply["state"]["state"] == "paused"
        wait_until(lambda: server.stats.in_flight == 0)
        received = server.stats.received
        time.sleep(0.5)  # ten times what a call takes: a run that is not paused would have made ten
        assert server.stats.received == received < FEW
        assert send(folder, "pause")["message"] == "already paused"
        assert send(folder, "status")["state"]["progress"]["paused"] is True
        assert send(folder, "resume")["state"]["state"] == "running"
        (report,) = run.end()
    assert (report.status, report.progress.done) == (RunStatus.COMPLETE, FEW)
    assert server.stats.completed == server.stats.received == calls_of(report)
    assert max(server.stats.hits.values()) == 1, "a call was made twice"
    assert [one["command"] for one in commands_of(folder)] == ["pause", "resume"]
    assert not (folder / SOCKET_NAME).exists()


def test_pause_holds_back_local_models_too(server, tmp_path):
    config = config_of(tmp_path, server, samples=FEW)
    eyes = config.models["eyes"].model_copy(update={"concurrency": 1, "delay": 0.02})
    config = config.model_copy(update={"models": {**config.models, "eyes": eyes}})
    with live(config):
        wait_until(lambda: server.stats.received >= 2)
        state = send(folder_of(config), "pause")["state"]
        time.sleep(0.2)  # what was with the model when the run was paused ends

        def described():
            return send(folder_of(config), "status")["state"]["progress"]["stages"]["perceive"]["calls"]

        before = described()
        time.sleep(0.3)
        assert described() <= before + 1 < FEW
        assert state["progress"]["stages"]["perceive"]["waiting_for"] == "paused"


def test_drain_ends_a_run_as_a_signal_does_also_a_paused_one(server, tmp_path):
    config = config_of(tmp_path, server)
    folder = folder_of(config)
    for paused in (False, True):
        with live(config) as run:
            wait_until((folder / SOCKET_NAME).exists)
            if paused:
                send(folder, "pause")
            send(folder, "drain")
            (report,) = run.end()
        assert report.status is RunStatus.INTERRUPTED
        assert server.stats.completed == server.stats.received, "a call in flight was lost"
    with live(config) as run:
        (report,) = run.end()
    assert (report.status, report.progress.done) == (RunStatus.COMPLETE, FEW)
    assert max(server.stats.hits.values()) == 1, "a call was paid twice"


def test_a_raised_request_rate_and_concurrency_are_used_and_a_lowered_one_is_kept(server, tmp_path):
    config = config_of(tmp_path, server, requests_per_minute=1)
    folder = folder_of(config)
    with live(config) as run:
        wait_until(lambda: server.stats.received == 1)  # the next one would be sent a minute later
        said = send(folder, "set", {"rpm": "100000", "concurrency": "24"})["message"]
        assert "remote: 100,000 requests per minute (was 1)" in said
        assert "remote: 24 concurrent requests (was 2)" in said
        wait_until(lambda: server.stats.most_in_flight > 2)
        send(folder, "set", {"reasoner.rpm": "1"})
        wait_until(lambda: server.stats.in_flight == 0)
        received = server.stats.received
        time.sleep(0.5)
        assert server.stats.received == received < FEW
        models = send(folder, "status")["state"]["models"]
        assert models == [{"role": "reasoner", "name": "remote", "requests_per_minute": 1, "concurrency": 24}]
        send(folder, "set", {"remote.rpm": "100000"})
        (report,) = run.end()
    assert report.status is RunStatus.COMPLETE
    recorded = [one["values"] for one in commands_of(folder)]
    assert recorded[:2] == [{"reasoner.rpm": "100000"}, {"reasoner.concurrency": "24"}]


def test_a_wider_concurrency_reaches_the_lanes(server, tmp_path):
    config = config_of(tmp_path, server, samples=200, concurrency=1, ahead=0)
    with live(config) as run:
        wait_until(lambda: server.stats.received >= 2)
        send(folder_of(config), "set", {"concurrency": "20"})
        wait_until(lambda: server.stats.most_in_flight > 10)
        send(folder_of(config), "drain")
        run.end()


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"rpm": "0"}, r"rpm: must be greater than 0 \(got '0'\)"),
        ({"rpm": "many"}, "rpm: must be a whole number"),
        ({"tpm": "9" * 40}, "tpm: must be less than or equal to"),
        ({"concurrency": "1.5"}, "concurrency: must be a whole number"),
        ({"max_cost": "-1"}, "max_cost: must be greater than or equal to 0"),
        ({"max_cost": "nan"}, "max_cost: must be a finite number"),
        ({"deadline": "2001-01-01"}, "deadline: is in the past"),
        ({"deadline": "soon"}, "8h30m` from now"),
        ({"rmp": "3"}, "did you mean 'rpm'"),
        ({"reasoner.deadline": "3h"}, "of the whole run"),
        ({"reasonr.rpm": "3"}, r"this run has no 'reasonr' - did you mean 'reasoner'\?; it has perceiver \(eyes\)"),
        ({"eyes.rpm": "3"}, "'eyes' is not behind an API that this run calls"),
        ({"rpm": "5", "max_cost": "1"}, "max_cost needs the price of 'remote'"),
    ],
)
def test_a_wrong_value_changes_nothing_and_is_named(server, tmp_path, values, problem):
    config = config_of(tmp_path, server, requests_per_minute=60)
    folder = folder_of(config)
    with live(config):
        wait_until(lambda: server.stats.received >= 1)
        with pytest.raises(UserError, match=problem):
            send(folder, "set", values)
        state = send(folder, "status")["state"]
        assert state["models"][0]["requests_per_minute"] == 60
        assert "control" not in state["progress"]


def test_where_two_models_have_limits_the_setting_must_say_which(server, tmp_path):
    other = ApiModel(model="other", base_url=server.base_url, api_key_env=None, identity="x")
    config = config_of(tmp_path, server, models={"vlm": other}, perceiver="vlm", requests_per_minute=60)
    with live(config):
        wait_until((folder_of(config) / SOCKET_NAME).exists)
        with pytest.raises(UserError, match=r"say which: perceiver\.rpm=9 \(vlm\) or reasoner\.rpm=9 \(remote\)"):
            send(folder_of(config), "set", {"rpm": "9"})
        send(folder_of(config), "set", {"vlm.rpm": "9"})
        limits = {
            one["role"]: one.get("requests_per_minute") for one in send(folder_of(config), "status")["state"]["models"]
        }
        assert limits == {"perceiver": 9, "reasoner": 60}


def test_the_runs_of_a_sweep_pause_together_and_each_model_is_set_through_its_run(server, tmp_path):
    second = ApiModel(
        model="second", base_url=server.base_url, api_key_env=None, identity="y", limits={"concurrency": 2}
    )
    one = config_of(tmp_path, server, models={"second": second})
    two = one.model_copy(update={"reasoner": "second"})
    with live(one, two) as runs:
        wait_until((folder_of(two) / SOCKET_NAME).exists)
        wait_until((folder_of(one) / SOCKET_NAME).exists)
        assert "both runs of this command" in send(folder_of(one), "pause")["message"]
        assert send(folder_of(two), "status")["state"]["state"] == "paused"
        assert "second: 3 concurrent" in send(folder_of(two), "set", {"concurrency": "3"})["message"]
        send(folder_of(two), "resume")
        reports = runs.end()
    assert [report.status for report in reports] == [RunStatus.COMPLETE] * 2
    assert [[each["command"] for each in commands_of(folder_of(config))] for config in (one, two)] == [
        ["pause", "resume"],
        ["pause", "set", "resume"],
    ]


def test_a_deadline_is_set_moved_and_removed(server, tmp_path):
    config = config_of(tmp_path, server, deadline="9h")
    folder = folder_of(config)
    with live(config) as run:
        wait_until((folder / SOCKET_NAME).exists)
        first = send(folder, "status")["state"]["deadline"]
        assert send(folder, "set", {"deadline": "1h"})["state"]["deadline"] < first
        assert send(folder, "set", {"deadline": "none"})["state"]["deadline"] is None
        run.end()


PRICE = {"input": "1000", "output": "1000"}


def test_a_cap_below_what_is_spent_stops_the_run_and_a_higher_one_is_used(server, tmp_path):
    config = config_of(tmp_path, server, price=PRICE, max_cost="1000")
    folder = folder_of(config)
    with live(config) as run:
        wait_until(lambda: server.stats.received >= 4)
        said = send(folder, "set", {"max_cost": "2000"})
        assert "the cap of all runs into" in said["message"]
        assert "is $2,000.00" in said["message"]
        assert said["state"]["max_cost"] == "2000.000000000"
        wait_until(lambda: float(send(folder, "status")["state"]["spent"]) > 0)
        assert "the run stops" in send(folder, "set", {"max_cost": "0.000001"})["message"]
        (report,) = run.end()
    assert report.status is RunStatus.BUDGET
    assert isinstance(report.trouble, BudgetError)
    assert report.progress.done < FEW


def test_nothing_to_cap_is_said(tmp_path, server):
    config = config_of(tmp_path, server, price={"input": "0", "output": "0"})
    with live(config):
        wait_until((folder_of(config) / SOCKET_NAME).exists)
        with pytest.raises(UserError, match="no model that this run calls has a price"):
            send(folder_of(config), "set", {"max_cost": "1"})


def test_two_clients_at_once_are_both_served(server, tmp_path):
    config = config_of(tmp_path, server)
    folder, states = folder_of(config), []
    with live(config):
        wait_until((folder / SOCKET_NAME).exists)
        clients = [threading.Thread(target=lambda: states.append(send(folder, "status")["state"])) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert [state["state"] for state in states] == ["running"] * 8


def test_a_run_that_has_ended_listens_no_more(server, tmp_path):
    config = config_of(tmp_path, server, samples=4)
    with live(config) as run:
        run.end()
    with pytest.raises(NotListeningError, match="no run listens here"):
        send(folder_of(config), "status")
    with pytest.raises(ConfigError, match="'stop' is not one of pause, resume, drain"):
        send(folder_of(config), "stop")


def test_a_run_goes_on_where_nothing_can_listen(server, tmp_path):
    config = config_of(tmp_path, server, samples=4)
    folder_of(config).mkdir(parents=True)
    (folder_of(config) / SOCKET_NAME).write_text("someone's file")
    with live(config) as run:
        (report,) = run.end()
    assert report.status is RunStatus.COMPLETE
    assert (folder_of(config) / SOCKET_NAME).read_text() == "someone's file"


def test_a_deadline_that_is_reached_stops_the_run(server, tmp_path, monkeypatch):
    monkeypatch.setattr("prism_engine.api.runs.stopping.deadline_at", lambda _text, now: now)
    config = config_of(tmp_path, server)
    with live(config) as run:
        wait_until((folder_of(config) / SOCKET_NAME).exists)
        send(folder_of(config), "set", {"deadline": "1m"})
        (report,) = run.end()
    assert report.status is RunStatus.DEADLINE
    assert isinstance(report.trouble, DeadlineError)


def test_a_cap_is_changed_for_two_commands_that_share_it(server, tmp_path):
    one = config_of(tmp_path, server, price=PRICE, max_cost="1000", samples=FEW)
    two = one.model_copy(update={"mode": Arm.BLIND})
    with live(one) as first, live(two) as second:
        wait_until((folder_of(one) / SOCKET_NAME).exists)
        wait_until((one.results_dir / "blind/shapes/remote" / SOCKET_NAME).exists)
        wait_until(lambda: server.stats.completed >= 6)
        said = send(folder_of(one), "set", {"max_cost": "0.000001"})["message"]
        assert "it holds for 1 more running process;" in said
        reports = [*first.end(), *second.end()]
    assert [report.status for report in reports] == [RunStatus.BUDGET] * 2
    received = server.stats.received
    assert received < 2 * FEW
    assert all(report.progress.not_run for report in reports)
