"""What is measured: the server's behaviour, the tasks, and what happens to the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WIDTH = 64
"""Requests at once, for every tool that has a setting for it."""
LIMIT = 64
"""Output tokens of every call."""


@dataclass(frozen=True)
class Scenario:
    """One table of the report.

    Attributes:
        tasks: default number of tasks.
        latency: seconds until each answer of the server.
        rpm, tpm: the server's limits per minute, which the tools that have such settings are given.
        stages: `one` text call per task; `two`, a picture described and then a question answered; `engine`, a picture
            described by vLLM in process, without a server.
        kill: kill -9 the client when half of the completions are sent, then give the same command again.
    """

    name: str
    title: str
    tasks: int
    latency: float = 0.2
    rpm: int | None = None
    tpm: int | None = None
    stages: Literal["one", "two", "engine"] = "one"
    kill: bool = False

    @property
    def limited(self) -> bool:
        """Whether the server has limits."""
        return self.rpm is not None or self.tpm is not None

    def calls(self, tasks: int) -> int:
        """Return the number of completions that `tasks` tasks need."""
        return tasks * (2 if self.stages == "two" else 1)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("free", "API, no limits", 2000),
        Scenario("rpm", "API, 1,200 requests per minute, two seconds' burst", 400, rpm=1200),
        Scenario("tpm", "API, 200,000 tokens per minute, two seconds' burst", 400, tpm=200_000),
        Scenario("stages", "two stages, both behind an API", 1000, stages="two"),
        Scenario("kill", "API, kill -9 at half, the same command again", 600, latency=0.3, kill=True),
        Scenario("engine", "perception on vLLM in process, nano-captioner", 1000, stages="engine"),
    )
}
