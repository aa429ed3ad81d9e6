"""Tests that a run reuses the cached calls of earlier runs, on real vLLM: VLM in process, LLM over HTTP.

All runs use the suite's one engine and one server.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pytest

from prism_engine.api.build.parts import assembled
from prism_engine.api.build.perception_side import perceiver_roles
from prism_engine.api.results.run_folder import Layout, write_results
from prism_engine.config import ApiModel, Arm, RunConfig, SamplingConfig, VllmModel, load_registry
from prism_engine.engine.journal import Journal
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.prompts import INSTRUCTIONS, specific_instruction
from prism_engine.scenes import write_benchmark

from .conftest import SERVED_NAME, SMALL
from .test_main_job import Kept

if TYPE_CHECKING:
    from prism_engine.records import Call

SAMPLES = 32
CORE = 8
"""Questions of the circular benchmark, each asked four times."""
SHORT = 16
"""An output limit that cuts off some of the reasoner's answers, but not all."""
CIRCLE = 1_000_000
LETTERS = "ABCD"


class Watched(Kept):
    """The suite's engine, with a record of the calls that a run makes."""

    def __init__(self, engine):
        super().__init__(engine)
        self.asked: list[Call] = []

    async def generate(self, call):
        self.asked.append(call)
        return await super().generate(call)

    def instruction_counts(self):
        """Return how often each instruction was sent."""
        return Counter(str(call.messages[0].parts[-1]) for call in self.asked)


class Ran(NamedTuple):
    """The calls and results of a run."""

    engine: Watched
    progress: Progress
    planned: Any
    rows: list[dict[str, Any]]

    @property
    def vlm_calls(self):
        assert self.engine.calls == self.progress.meters["perceive"].calls
        return self.engine.calls


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with PrismScenes and, made from its first questions, a circular benchmark and one with two pictures."""
    folder = tmp_path_factory.mktemp("sharing")
    with (folder / "PrismScenes.tsv").open("w", encoding="utf-8", newline="") as file:
        write_benchmark(file, SAMPLES, 3)
    with (folder / "PrismScenes.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(itertools.islice(csv.DictReader(file, delimiter="\t"), CORE))
    with (folder / "PrismScenes_circular.tsv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys(), delimiter="\t")
        table.writeheader()
        for turn, row in itertools.product(range(len(LETTERS)), rows):
            table.writerow(row | rotated(row, turn))
    pairs = [pair(one, other) for one, other in zip(rows[::2], rows[1::2], strict=True)]
    with (folder / "PrismScenes_pairs.tsv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys(), delimiter="\t")
        table.writeheader()
        table.writerows(pairs)
    return folder


def pair(row, other):
    """Return a question about the second of two pictures, referred to as in MMMU."""
    return other | {"image": str([row["image"], other["image"]]), "question": f"Look at <image 2>. {other['question']}"}


def rotated(row, turn):
    """Return a question with its options rotated by `turn`, numbered and referring to the original as in MMBench."""
    texts = [row[letter] for letter in LETTERS]
    options = dict(zip(LETTERS, texts[-turn:] + texts[:-turn] if turn else texts, strict=True))
    answer = LETTERS[(LETTERS.index(row["answer"]) + turn) % len(LETTERS)]
    index = int(row["index"]) + turn * CIRCLE
    return options | {"answer": answer, "index": index, "image": row["image"] if turn == 0 else row["index"]}


def configured(folder, url, **changes):
    models = {
        "nano-captioner": VllmModel(model="embedded:captioner", engine=SMALL | {"max_num_seqs": 8}),
        # The same weights under another identity: to the cache, another perceiver.
        "other-captioner": VllmModel(model="embedded:captioner", engine=SMALL | {"max_model_len": 1000}),
        "nano-reasoner": ApiModel(model=SERVED_NAME, base_url=url, api_key_env=None),
    }
    return RunConfig.model_validate(
        {
            "benchmark": str(folder / "PrismScenes.tsv"),
            "perceiver": "nano-captioner",
            "reasoner": "nano-reasoner",
            "perception": SamplingConfig(max_tokens=128),
            "reasoning": SamplingConfig(max_tokens=128),
            "cache_dir": folder / "cache",
            "results_dir": folder / "results",
            "models": models,
            **changes,
        }
    )


async def ran(config, engine):
    """Run with the suite's engine as every perceiver; everything else is as in `prism run`."""
    with assembled(config, load_registry(), look_only=False) as parts:
        watched = Watched(engine)
        for role in perceiver_roles(parts.specs):
            parts.models[role].backend = watched
        planned = parts.plan()
        layout = Layout.of(parts.config, parts.benchmark.name, parts.benchmark.sha256)
        journal = Journal(layout.folder / "journal.jsonl", len(parts.benchmark))
        progress = Progress(parts.count, parts.meters)
        await execute(parts.run(journal), progress, Stop())
        assert (progress.done, progress.failed, progress.not_run) == (parts.count, 0, 0), progress.failures
        write_results(layout, journal, parts, progress, "complete")
        name = "predictions.jsonl" if config.mode.answers else "descriptions.jsonl"
        rows = [orjson.loads(line) for line in (layout.folder / name).read_bytes().splitlines()]
    return Ran(watched, progress, planned, rows)


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
class TestOnOneEngine:
    async def test_perceivers_that_described_alone_are_joined_without_a_call(self, vllm_engine, vllm_server, folder):
        url = await vllm_server.start()
        alone = {"mode": Arm.PERCEPTION, "reasoner": None}
        one = await ran(configured(folder, url, **alone), vllm_engine)
        other = await ran(configured(folder, url, perceiver="other-captioner", **alone), vllm_engine)
        pictures = {image for row in one.rows for image in row["images"]}
        assert one.vlm_calls == other.vlm_calls == len(pictures)

        merged = await ran(configured(folder, url, perceiver="nano-captioner~other-captioner"), vllm_engine)
        assert merged.vlm_calls == merged.planned.stages["perceive"].to_call == 0
        assert merged.planned.stages["perceive"].cached == 2 * len(pictures)
        for row, first, second in zip(merged.rows, one.rows, other.rows, strict=True):
            said = [f"Description {n}:\n{part['description']}" for n, part in ((1, first), (2, second))]
            assert row["description"] == "\n\n".join(said)

    async def test_a_part_that_is_missing_is_described_as_if_alone(self, vllm_engine, vllm_server, folder):
        url = await vllm_server.start()
        fresh = {"cache_dir": folder / "fresh", "results_dir": folder / "fresh-results", "samples": 4}
        merged = await ran(configured(folder, url, perceiver="nano-captioner~other-captioner", **fresh), vllm_engine)
        assert merged.vlm_calls == merged.planned.stages["perceive"].to_call == 8
        for name in ("nano-captioner", "other-captioner"):
            assert (await ran(configured(folder, url, perceiver=name, **fresh), vllm_engine)).vlm_calls == 0

    async def test_a_longer_limit_asks_again_only_for_what_was_cut(self, vllm_engine, vllm_server, folder):
        url = await vllm_server.start()
        short = await ran(configured(folder, url, reasoner=f"nano-reasoner-{SHORT}", reasoning={}), vllm_engine)
        outcomes = [row["reply_outcome"] for row in short.rows]
        cut = outcomes.count("truncated")
        assert 0 < cut < SAMPLES
        long = await ran(configured(folder, url, reasoner="nano-reasoner-128", reasoning={}), vllm_engine)
        assert (long.vlm_calls, long.progress.meters["reason"].calls) == (0, cut)
        assert long.planned.stages["reason"].to_call == cut
        kept = [at for at, outcome in enumerate(outcomes) if outcome == "ok"]
        assert [long.rows[at]["reply"] for at in kept] == [short.rows[at]["reply"] for at in kept]
        again = await ran(configured(folder, url), vllm_engine)  # by the option instead of the name
        assert again.progress.meters["reason"].calls == 0

    async def test_another_instruction_is_all_that_query_specific_calls_for(self, vllm_engine, vllm_server, folder):
        url = await vllm_server.start()
        generic = await ran(configured(folder, url), vllm_engine)
        specific = await ran(configured(folder, url, instruction="query-specific_nano-reasoner"), vllm_engine)
        hinted = {(row["images"][0], row["contents"]) for row in specific.rows}
        assert specific.vlm_calls == len(hinted) <= specific.planned.stages["perceive"].unknown
        sent = specific.engine.instruction_counts()
        text = INSTRUCTIONS["generic"]
        assert sent.total() == len(hinted)
        assert set(sent) == {specific_instruction(text, hints) for _, hints in hinted}
        questions = {row["question"] for row in specific.rows}
        assert specific.progress.meters["write"].calls == specific.planned.stages["write"].to_call == len(questions)
        assert specific.progress.fell_back == 0
        right = [row["contents"] == row["extra"]["contents"] for row in specific.rows]
        assert sum(right) >= 0.8 * SAMPLES

        for config in (configured(folder, url), configured(folder, url, instruction="query-specific_nano-reasoner")):
            rerun = await ran(config, vllm_engine)
            assert (rerun.vlm_calls, rerun.progress.meters["reason"].calls) == (0, 0)
        assert generic.rows != specific.rows

    @pytest.mark.parametrize("instruction", ["generic", "query-specific_nano-reasoner"])
    async def test_rotations_of_a_question_share_its_description(self, vllm_engine, vllm_server, folder, instruction):
        circular = configured(
            folder,
            await vllm_server.start(),
            benchmark=str(folder / "PrismScenes_circular.tsv"),
            cache_dir=folder / f"cache-{instruction}",
            instruction=instruction,
        )
        run = await ran(circular, vllm_engine)
        assert len(run.rows) == CORE * len(LETTERS)
        assert run.vlm_calls == CORE
        assert run.progress.meters["reason"].calls == CORE * len(LETTERS)
        if "write" in run.progress.meters:
            assert run.progress.meters["write"].calls == len({row["question"] for row in run.rows})

    async def test_pictures_already_described_are_not_described_again_alongside_another(
        self, vllm_engine, vllm_server, folder
    ):
        url = await vllm_server.start()
        await ran(configured(folder, url), vllm_engine)
        pairs = {"benchmark": str(folder / "PrismScenes_pairs.tsv")}
        each = await ran(configured(folder, url, **pairs), vllm_engine)
        assert each.vlm_calls == 0
        assert all(row["description"].startswith("Image 1: ") for row in each.rows)
        assert all("\nImage 2: " in row["description"] for row in each.rows)

        first = await ran(configured(folder, url, pictures="first", **pairs), vllm_engine)
        assert first.vlm_calls == 0
        assert [row["description"] for row in first.rows] == [row["description"].splitlines()[0] for row in each.rows]

        together = await ran(configured(folder, url, pictures="together", **pairs), vllm_engine)
        assert together.vlm_calls == len(together.rows) == CORE // 2
        assert {len(call.images) for call in together.engine.asked} == {2}

        direct = await ran(configured(folder, url, mode=Arm.DIRECT, reasoner=None, **pairs), vllm_engine)
        (message,) = direct.engine.asked[0].messages
        assert [isinstance(part, str) for part in message.parts] == [False, True, False, True]
