from __future__ import annotations

from pathlib import Path

from prism_engine.cache import Store, earlier_calls
from prism_engine.records import Call, Completion, Image, Message, ModelIdentity, Outcome, Sampling, Usage

MODEL = ModelIdentity("mine", (("weights", "a"),))


def call(text, *, model=MODEL, stage="reason", images=0):
    pictures = (Image("ab" * 32, Path("x.png")),) * images
    return Call(stage, model, (Message("user", (*pictures, text)),), Sampling(max_tokens=50))


async def test_exactly_the_latest_calls_of_a_model_in_one_stage_are_found(tmp_path):
    done = Completion(Outcome.OK, "yes", usage=Usage(7, 3))
    with Store(tmp_path / "calls.sqlite") as store:
        await store.put(call("old"), done)
        await store.put(call("n\u00e9w", images=2), done)
        await store.put(call("other stage", stage="direct"), done)
        await store.put(call("other model", model=ModelIdentity("other", (("weights", "a"),))), done)
        await store.put(call("other weights", model=ModelIdentity("mine", (("weights", "b"),))), done)
        await store.put(call("failed"), Completion(Outcome.ERROR, detail="no"))
        found = list(earlier_calls(store, "reason", MODEL, 10))
        assert [(each.text_bytes, each.images, each.max_tokens) for each in found] == [(4, 2, 50), (3, 0, 50)]
        assert found[0].completion == done
        assert len(list(earlier_calls(store, "reason", MODEL, 2))) == 1, "of the newest two, one is from another model"


def test_an_absent_cache_has_no_earlier_calls(tmp_path):
    with Store(tmp_path / "none.sqlite", read_only=True) as store:
        assert list(earlier_calls(store, "reason", MODEL, 10)) == []
