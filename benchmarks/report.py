"""`prism report` in a real browser: size of the file, time until it can be used, time of a filter.

Two parts:

1. 2,000 photographs x 3 arms: at most 14 MB, ready in less than 1 s.
2. 20,000 rows x 3 arms without pictures: each filter shows its first page in less than 100 ms.

The pictures are coloured noise, 640 x 480, JPEG, whose small copies are as large as those of photographs. The texts are
random words, so they compress worse than prose.

    python -m benchmarks.report [--rounds 5]

Exits with 1 if a size or a median is above its bound.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from PIL import Image

from prism_engine.api.analysis.report_file import write_report
from tests.browser import chromium, launched, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser

    from prism_engine.api.analysis.report_file import ReportFile

MODES = ("direct", "all", "oracle")
MOST_BYTES, MOST_READY, MOST_FILTER = 14e6, 1.0, 0.1
ROUGHNESS = 1.4
"""Exponent of the spectrum: the small copies have 4.4 kB then; those of ten photographs that come with scikit-learn,
scikit-image and matplotlib have 1.6 to 5.8 kB, 3.4 kB on average."""
READY = "document.documentElement.dataset.ready"
PAUSE = 3000
"""Milliseconds before the first filter: the page lowers the case of all texts meanwhile, for the free-text filter."""
FILTERS = {
    "free text": "#b=Bench&q=zanzibar",
    "category": "#b=Bench&category=counting",
    "outcomes": "#b=Bench&A=wrong&B=right",
    "flip and text": "#b=Bench&flip=A~C&q=was",
}
TIMED = """async (fragment) => {
  const before = document.documentElement.dataset.shown;
  const start = performance.now();
  location.hash = fragment;
  while (document.documentElement.dataset.shown === before) await new Promise((done) => setTimeout(done));
  return performance.now() - start;
}"""


def photograph(seed: int) -> bytes:
    """Return a JPEG of coloured noise with the spectrum of a photograph."""
    draw = np.random.default_rng(seed)
    rows, columns = np.meshgrid(np.fft.fftfreq(480), np.fft.fftfreq(640), indexing="ij")
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = 1.0
    grey = np.fft.ifft2(np.fft.fft2(draw.normal(size=(480, 640))) / frequency**ROUGHNESS).real
    tint = np.fft.ifft2(np.fft.fft2(draw.normal(size=(480, 640))) / frequency ** (ROUGHNESS + 0.5)).real
    planes = [128 + 50 * (grey / grey.std() + share * tint / tint.std()) for share in (0.5, 0.0, -0.5)]
    out = io.BytesIO()
    Image.fromarray(np.clip(np.stack(planes, -1), 0, 255).astype("uint8")).save(out, "JPEG", quality=85)
    return out.getvalue()


def write_runs(root: Path, samples: int, digests: Sequence[str]) -> None:
    """Write three arms of a benchmark, as `prism run` does."""
    draw = random.Random(0)  # noqa: S311 - not for secrets
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(5000)] + ["was"]
    for mode in MODES:
        names = {"direct": ["eye"], "all": ["eye", "brain"], "oracle": ["brain"]}[mode]
        folder = (root / ("generic" if mode == "all" else mode) / "Bench").joinpath(*names)
        folder.mkdir(parents=True)
        with (folder / "predictions.jsonl").open("wb") as file:
            for position in range(samples):
                text = random.Random(position).choices(words, k=90)  # noqa: S311
                file.write(orjson.dumps(row(position, mode, draw, text, digests)) + b"\n")
        config = {"perceiver": "eye", "reasoner": "brain", "instruction": "generic", "mode": mode, "profile": "prism-2"}
        manifest = {
            "schema": 2,
            "config": {"benchmark": "Bench.tsv", "samples": None, "cache_dir": str(root / "cache"), **config},
            "benchmark": {"name": "Bench", "sha256": "ab" * 32},
            "scoring": {"answer_kind": "choice", "profile": "prism-2"},
        }
        (folder / "manifest.json").write_bytes(orjson.dumps(manifest))


def row(position: int, mode: str, draw: random.Random, text: list[str], digests: Sequence[str]) -> dict[str, Any]:
    """Return one row: a question of 12 words, a description of 70, a reply of 30, with its calls."""
    letter = draw.choice("ABCD")
    reply = f"{' '.join(draw.sample(text, 30))}. The answer is {letter}."
    step = {"round": 0, "picture": 0, "model": "eye", "outcome": "ok", "cost": 1e-6}
    usage = {"prompt_tokens": draw.randint(300, 900), "completion_tokens": draw.randint(20, 200)}
    stages = {"direct": ("direct",), "all": ("perceive", "reason"), "oracle": ("reason",)}[mode]
    key = hashlib.sha256(f"{position} {mode}".encode()).hexdigest()
    return {
        "schema": 2,
        "index": str(position),
        "position": position,
        "category": ("seeing", "counting", "reading")[position % 3],
        "l2_category": None,
        "split": None,
        "question": " ".join(text[:12]) + "?",
        "hint": None,
        "options": [{"letter": letter, "text": " ".join(text[12 + k : 14 + k])} for k, letter in enumerate("ABCD")],
        "target": "A",
        "images": [digests[position]] if digests else [],
        "description": None if mode == "direct" else " ".join(text[20:90]),
        "description_outcomes": ["ok"],
        "reply": reply,
        "reply_outcome": "ok",
        "extracted": letter,
        "score": float(letter == "A"),
        "status": "done",
        "failure": None,
        "steps": [{**step, "stage": stage, "key": key, "text": reply, "usage": usage} for stage in stages],
    }


def opened(browser: Browser, path: Path) -> tuple[float, Any]:
    """Open a report; return the seconds until it can be used, and the page."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(path.as_uri(), wait_until="commit")
    until(page, READY, "1")
    return page.evaluate("Number(document.documentElement.dataset.readyAt)") / 1000, page


def spread(values: Sequence[float], unit: str, scale: float = 1.0) -> str:
    """Return the median with its range."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{scale * middle:.3g} {unit} ({scale * low:.3g} to {scale * high:.3g})"


def store_photographs(images: Path, count: int) -> list[str]:
    """Store pictures as prism does, and return their digests."""
    digests = []
    for seed in range(count):
        data = photograph(seed)
        digests.append(hashlib.sha256(data).hexdigest())
        place = images / digests[-1][:2] / digests[-1][2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return digests


def measured(
    browser: Browser, runs: Path, cache: Path, rounds: int
) -> tuple[ReportFile, list[float], dict[str, list[float]]]:
    """Write and open a report; return the file, the seconds until it was ready, and the milliseconds of each filter."""
    start, cpu = time.perf_counter(), time.process_time()
    made = write_report([runs], runs.with_suffix(".html"), cache_dir=cache)
    print(f"{runs.name}: {made.samples:,} x {len(MODES)} arms, {made.pictures:,} pictures: {made.bytes / 1e6:.1f} MB")
    print(f"  made in {time.perf_counter() - start:.1f} s ({time.process_time() - cpu:.1f} s of CPU)")
    ready = []
    for _ in range(rounds):
        seconds, page = opened(browser, made.path)
        ready.append(seconds)
    print(f"  ready after {spread(ready, 's')}")
    page.wait_for_timeout(PAUSE)
    times: dict[str, list[float]] = {words: [] for words in FILTERS}
    for number in range(rounds):
        for words, fragment in FILTERS.items():
            times[words].append(page.evaluate(TIMED, f"{fragment}&round={number}"))
            page.evaluate(TIMED, f"#b=Bench&round={number}")
    for words, each in times.items():
        print(f"  {words}: {spread(each, 'ms')}")
    return made, ready, times


def main() -> None:
    """Measure both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--photographs", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=20_000)
    options = parser.parse_args()
    path = chromium()
    if path is None:
        sys.exit("no Chromium found; apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        digests = store_photographs(root / "cache" / "images", options.photographs)
        write_runs(root / "photographs", options.photographs, digests)
        write_runs(root / "rows", options.rows, [])
        with launched(path) as browser:
            made, ready, _ = measured(browser, root / "photographs", root / "cache", options.rounds)
        with launched(path) as browser:
            _, _, times = measured(browser, root / "rows", root / "cache", options.rounds)
    missed = ["size"] * (made.bytes > MOST_BYTES) + ["ready"] * (statistics.median(ready) > MOST_READY)
    missed += [words for words, each in times.items() if statistics.median(each) > 1000 * MOST_FILTER]
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
