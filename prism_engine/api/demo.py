"""The demo: PrismScenes on the two embedded models through the real pipeline; no key, hub or GPU needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.config import Arm, RunConfig, SamplingConfig
from prism_engine.report import replacing
from prism_engine.scenes import write_benchmark

if TYPE_CHECKING:
    from pathlib import Path

DEMO_SAMPLES = 900
"""150 of each family: enough to measure accuracy to 1 to 3 points within five minutes on two slow cores."""
DEMO_SEED = 0
DEMO_REQUESTS_PER_MINUTE = 6000
"""Low enough that the run reaches it, so that the demo shows the limiter at work without taking long."""
DEMO_MODES = (Arm.ALL, Arm.DIRECT, Arm.ORACLE)


def demo_configs(cache_dir: Path, results_dir: Path) -> tuple[RunConfig, ...]:
    """Create the demo's benchmark if it does not exist yet, and return the runs on it.

    Raises:
        UserError: the benchmark cannot be written.
    """
    benchmark = cache_dir / "demo" / "PrismScenes.tsv"
    if not benchmark.is_file():
        benchmark.parent.mkdir(parents=True, exist_ok=True)
        with replacing(benchmark) as draft, draft.open("w", encoding="utf-8", newline="") as file:
            write_benchmark(file, DEMO_SAMPLES, DEMO_SEED)
    base = RunConfig(
        benchmark=str(benchmark),
        perceiver="nano-captioner",
        reasoner="nano-reasoner",
        perception=SamplingConfig(max_tokens=128),
        reasoning=SamplingConfig(max_tokens=128),
        requests_per_minute=DEMO_REQUESTS_PER_MINUTE,
        cache_dir=cache_dir,
        results_dir=results_dir,
    )
    return tuple(base.in_mode(mode) for mode in DEMO_MODES)
