"""The parts of a run over scripted models."""

from __future__ import annotations

from array import array
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.cache import Store
from prism_engine.config import ScriptedModel
from prism_engine.engine.first_pass import Order, first_pass
from prism_engine.engine.journal import Journal
from prism_engine.engine.pipeline import Pipeline
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import Run
from prism_engine.records import Completion, Image, ModelIdentity, Option, Outcome, Sample, Sampling, Usage
from prism_engine.scoring import PROFILES, score_choice
from prism_engine.stages.answering import Answering
from prism_engine.stages.cached import CachedModel
from prism_engine.stages.hint_sources import InstructionBuilder, ModelHints
from prism_engine.stages.perception import PerceiverContext

if TYPE_CHECKING:
    from prism_engine.stage import StageKey

OPTIONS = (Option("A", "red"), Option("B", "blue"))


class Benchmark:
    """Samples by position; every second one shares its picture with the previous one."""

    def __init__(self, count):
        self._count = count

    def __len__(self):
        return self._count

    def order(self, count):
        return array("q", range(count))

    def samples(self, positions):
        for position in positions:
            image = Image(f"{position // 2:064x}", Path("x.png"))
            yield Sample(position, str(position), (image,), f"Question {position}?", options=OPTIONS, answer="A")


class World:
    """One store, and any number of runs over it."""

    def __init__(self, folder, store):
        self.store = store
        self.folder = folder
        self.journals = []

    def build(
        self,
        count,
        *,
        describe=None,
        answer=None,
        delay=0.0,
        answering=True,
        context=None,
        write=None,
        needs=False,
        facts=(("w", "1"),),
    ):
        spec = ScriptedModel(delay=delay, concurrency=8)
        perceiver = Scripted(spec, reply=describe or said("seen"))
        reasoner = Scripted(spec, reply=answer or said("A"))
        perceiving, thinking = CachedModel(perceiver, self.store), CachedModel(reasoner, self.store)

        def describing(instruction):
            identity = ModelIdentity("vlm", facts)
            return PerceiverContext(perceiving, identity, instruction=instruction, sampling=Sampling())

        perception = describing("Describe.")
        reasoning = Answering(thinking, ModelIdentity("llm", (("w", "2"),)), sampling=Sampling())
        writing = CachedModel(Scripted(spec, reply=write), self.store) if write else None
        written = None
        if writing is not None:
            builder = InstructionBuilder("Describe.", (lambda _text: context) if context else describing)
            identity = ModelIdentity("writer", (("w", "3"),))
            written = ModelHints(writing, identity, builder, shots=(), sampling=Sampling())
        pipeline = Pipeline(
            context or perception,
            (reasoning,) if answering else (),
            partial(score_choice, profile=PROFILES["v3"]),
            hint_source=written,
            needs_hints=needs,
        )
        journal = Journal(self.folder / f"journal-{len(self.journals)}.jsonl", count)
        self.journals.append(journal)
        stages: dict[StageKey, tuple[CachedModel]] = {"write": (writing,)} if writing else {}
        run = Run(
            benchmark=Benchmark(count),
            count=count,
            pipeline=pipeline,
            stages={**stages, "perceive": (perceiving,), "reason": (thinking,)},
            store=self.store,
            journal=journal,
            ahead=4,
        )
        return run, Progress(count, {key: model.meter for key, (model,) in run.stages.items()})


def said(text):
    def reply(call):
        return Completion(Outcome.OK, f"{text}", usage=Usage(completion_tokens=1))

    return reply


def passed(run, count):
    """The positions of the samples that need no call, and of those that do: described and not."""
    order = Order.empty()
    batches = list(first_pass(run.benchmark, range(count), run.pipeline, run.store, order))
    return [lookup.sample.position for batch in batches for lookup in batch], *map(list, order)


@pytest.fixture
def world(tmp_path):
    with Store(tmp_path / "calls.sqlite") as store:
        world = World(tmp_path, store)
        yield world
        for journal in world.journals:
            journal.close()
