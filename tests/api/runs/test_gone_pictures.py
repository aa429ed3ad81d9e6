"""A picture that someone deleted from the cache, in whole runs against a real server."""

from __future__ import annotations

import pytest
from PIL import Image

from prism_engine import api
from prism_engine.config import RunConfig, load_registry
from prism_engine.datasets import open_benchmark
from tests.provider import paid_model, provider


@pytest.fixture
def config(tmp_path):
    rows = ["index\tquestion\timage_path\tA\tB\tanswer"]
    for number in range(40):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}\t?\t{number}.png\tx\ty\tA")
    (tmp_path / "toy.tsv").write_text("\n".join(rows) + "\n")
    with provider() as server:
        yield RunConfig(
            benchmark=str(tmp_path / "toy.tsv"),
            perceiver="chaos",
            reasoner="scripted",
            cache_dir=tmp_path / "cache",
            results_dir=tmp_path / "results",
            models={"chaos": paid_model(server, price=None)},
        )


def test_its_sample_fails_with_the_reason_and_the_next_run_has_it_again(config, tmp_path):
    with open_benchmark(tmp_path / "toy.tsv", config.cache_dir) as benchmark:
        image = max((sample.images[0] for sample in benchmark), key=lambda image: image.digest)
    image.path.unlink()
    report = api.run(config, load_registry())
    assert (report.status, report.progress.done, report.progress.failed) == ("incomplete", 39, 1)
    (reason,) = report.progress.failures
    assert reason.startswith(f"description: error: the picture {image.path} is gone; run the same command again")
    report = api.run(config, load_registry())
    assert (report.status, report.progress.done, report.progress.cached) == ("complete", 40, 39)
    assert image.path.exists()
