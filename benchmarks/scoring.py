"""Time of scoring a million multiple-choice replies, and of aggregating and rescoring a table of 100,000 rows."""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import orjson

from prism_engine.api import rescore
from prism_engine.records import AnswerKind, Option, Sample
from prism_engine.report import summarise
from prism_engine.scoring import scorer_of

CORES = 2
CHUNK = 25_000
TEXTS = ("a red cat", "two dogs", "three blue cars", "none of these")
OPTIONS = tuple(Option(letter, text) for letter, text in zip("ABCD", TEXTS, strict=True))
THOUGHT = (
    "The description mentions a wooden table near a window with two dogs. Option A says a red cat, which does not fit. "
    "Option C is about cars, but no cars are described. Since there are two dogs in the scene, the second option fits. "
)
REPLIES = (
    "B",
    "B. two dogs",
    "The answer is B.",
    "two dogs",
    f"{THOUGHT}\n\nAnswer: C",
    f"{THOUGHT * 3}\nTherefore, the correct answer is **B. two dogs**.",
    f"{THOUGHT} The description does not mention the answer, so it cannot be determined.",
    f"{THOUGHT * 2}\n\\boxed{{A}}",
)
"""From one letter to a long chain of thought: 222 characters on average."""


def sample(number: int) -> Sample:
    return Sample(number, str(number), (), "What is there?", None, OPTIONS, "ABCD"[number % 4])


def score_chunk(profile: str, start: int) -> int:
    scorer = scorer_of(AnswerKind.CHOICE, profile)
    values = (scorer.score(REPLIES[n % len(REPLIES)], sample(n)).value for n in range(start, start + CHUNK))
    return int(sum(value or 0.0 for value in values))


def measure_million(profile: str, count: int) -> float:
    start, spent = time.perf_counter(), children_seconds()
    with ProcessPoolExecutor(CORES) as pool:
        right = sum(pool.map(score_chunk, [profile] * (count // CHUNK), range(0, count, CHUNK)))
    seconds, spent = time.perf_counter() - start, children_seconds() - spent
    print(f"{profile}: {count:,} replies in {seconds:.1f} s on {CORES} cores ({spent:.1f} s of CPU), {right:,} right")
    return seconds


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_predictions(path: Path, count: int) -> None:
    scorer = scorer_of(AnswerKind.CHOICE, "prism")
    options = [option._asdict() for option in OPTIONS]
    with path.open("wb") as file:
        for number in range(count):
            reply = REPLIES[number % len(REPLIES)]
            one = sample(number)
            score = scorer.score(reply, one)
            row = {
                "index": one.index,
                "position": number,
                "category": f"category {number % 20}",
                "l2_category": f"group {number % 6}",
                "split": "dev" if number % 3 else "test",
                "question": one.question,
                "hint": None,
                "options": options,
                "target": one.answer,
                "extra": {},
                "images": [],
                "description": THOUGHT * 4,
                "description_outcomes": ["ok"],
                "reply": reply,
                "reply_outcome": "ok",
                "extracted": score.answer,
                "score": score.value,
                "status": "done",
                "failure": None,
            }
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=100_000)
    chosen = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for profile in ("prism", "v3"):
        measure_million(profile, chosen.replies)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.jsonl"
        write_predictions(path, chosen.rows)
        for _ in range(3):
            start, spent = time.perf_counter(), time.process_time()
            scores = summarise(path, profile="prism", kind=AnswerKind.CHOICE)
            seconds, spent = time.perf_counter() - start, time.process_time() - spent
            print(f"{scores.overall.n:,} rows aggregated in {seconds:.2f} s ({spent:.2f} s of CPU)")
        start = time.perf_counter()
        rescore(path, ["prism", "v1", "v3"], AnswerKind.CHOICE)
        print(f"{chosen.rows:,} rows rescored under three profiles in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
