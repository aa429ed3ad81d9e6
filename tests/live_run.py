"""A run in a thread of the test process, for tests that control it while it goes on."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

from prism_engine import api
from prism_engine.config import ApiModel, RunConfig, ScriptedModel, load_registry
from prism_engine.control.client import send
from prism_engine.control.sockets import NotListeningError
from tests.shapes import write_shapes

PATIENCE = 60.0
"""Seconds until a test that waits for something fails."""


class LiveRuns:
    """The runs of one command, going on."""

    def __init__(self, configs):
        self.reports, self.error = [], None
        self._configs = configs
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self.reports = api.run_many(self._configs, load_registry())
        except BaseException as error:  # noqa: BLE001 - the test reports it
            self.error = error

    @property
    def going_on(self):
        return self._thread.is_alive()

    def end(self):
        self._thread.join(PATIENCE)
        assert not self.going_on, "the run has not ended"
        assert self.error is None, self.error
        return self.reports


@contextmanager
def live(*configs):
    """Start the runs; drain them at the end if the test has not waited for their end."""
    runs = LiveRuns(configs)
    try:
        yield runs
    finally:
        for folder in configs[0].results_dir.rglob("control.sock") if runs.going_on else ():
            try:
                send(folder.parent, "drain")
                break
            except NotListeningError:
                continue
        runs.end()


def wait_until(holds):
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def config_of(folder, server, *, samples=96, concurrency=2, price=None, **fields):
    """Return a run of a scripted perceiver and a reasoner behind the server."""
    write_shapes(folder / "shapes.tsv", samples, 0)
    remote = {
        "model": "chaos",
        "base_url": server.base_url,
        "api_key_env": None,
        "identity": "the provider",
        "limits": {"concurrency": concurrency},
        "price": price,
    }
    models = {"eyes": ScriptedModel(replies=("seen",), concurrency=64), "remote": ApiModel(**remote)}
    return RunConfig(
        benchmark=str(folder / "shapes.tsv"),
        perceiver=fields.pop("perceiver", "eyes"),
        reasoner="remote",
        cache_dir=folder / "cache",
        results_dir=folder / "results",
        models=models | fields.pop("models", {}),
        **fields,
    )


def folder_of(config):
    """Return the folder of such a run."""
    return config.results_dir / "generic" / "shapes" / str(config.perceiver) / str(config.reasoner)
