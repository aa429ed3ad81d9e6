"""The embedded default: a run that needs no key, no hub and no GPU, on parts that are real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.config import ApiModel, Limits, RunConfig, SamplingConfig, ServerSpec, VllmModel
from prism_engine.demo.checkpoints import build_checkpoints
from prism_engine.demo.shapes import write_shapes

if TYPE_CHECKING:
    from pathlib import Path

DEMO_SAMPLES = 240
DEMO_SEED = 0
DEMO_REQUESTS_PER_MINUTE = 1200
"""A limit that the run really meets, so that the demo shows the limiter at work without taking long."""


def demo_config(cache_dir: Path, results_dir: Path) -> RunConfig:
    """Make the demo's benchmark and checkpoints where they are not there yet, and return the run over them.

    Raises:
        DependencyError: the checkpoints must be made, and torch or transformers does not import.
    """
    folder = cache_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    benchmark = folder / "DemoShapes.tsv"
    if not benchmark.is_file():
        write_shapes(benchmark, DEMO_SAMPLES, DEMO_SEED)
    tiny = build_checkpoints(folder / "models")
    return RunConfig(
        benchmark=str(benchmark),
        perceiver="tiny-vlm",
        reasoner="tiny-llm",
        perception=SamplingConfig(max_tokens=32),
        reasoning=SamplingConfig(max_tokens=16),
        cache_dir=cache_dir,
        results_dir=results_dir,
        models={
            "tiny-vlm": VllmModel(
                model=str(tiny.vlm), engine={"max_model_len": 1024, "max_num_seqs": 64, "dtype": "float32"}
            ),
            "tiny-llm": ApiModel(
                model="tiny-llm",
                api_key_env=None,
                limits=Limits(requests_per_minute=DEMO_REQUESTS_PER_MINUTE, concurrency=32),
                server=ServerSpec(
                    model=str(tiny.llm), options={"max_model_len": 2048, "max_num_seqs": 64, "dtype": "float32"}
                ),
            ),
        },
    )
