from __future__ import annotations

from pathlib import Path

from prism_engine.cache import Store, earlier_calls
from prism_engine.records import Call, Completion, Image, Message, ModelIdentity, Outcome, Sampling, Usage

MODEL = ModelIdentity("mine", (("weights", "a"),))


def call(text, *, model=MODEL, stage="reason", images=0):
    pictures = (Image("ab" * 32, Path("x.png")),) * images
    return Call(stage, model, (Message("user", (*pictures, text)),), Sampling(max_tokens=50))


async def test_the_latest_calls_of_a_model_for_one_purpose_are_found_and_no_others(tmp_path):
    done = Completion(Outcome.OK, "yes", usage=Usage(7, 3))
    with Store(tmp_path / "calls.sqlite") as store:
        await store.put(call("old"), done)
        await store.put(call("n\u00e9w", images=2), done)
        await store.put(call("other stage", stage="direct"), done)
        await store.put(call("other model", model=ModelIdentity("other", (("weights", "a"),))), done)
        await store.put(call("other weights", model=ModelIdentity("mine", (("weights", "b"),))), done)
        await store.put(call("failed"), Completion(Outcome.ERROR, detail="no"))
        found = list(earlier_calls(store, "reason", MODEL, 10))
        assert [(one.text_bytes, one.images, one.max_tokens) for one in found] == [(4, 2, 50), (3, 0, 50)]
        assert found[0].completion == done
        assert len(list(earlier_calls(store, "reason", MODEL, 2))) == 1, (
            "the newest two, of which one is of another model"
        )


def test_a_cache_that_is_not_there_holds_no_earlier_call(tmp_path):
    with Store(tmp_path / "none.sqlite", read_only=True) as store:
        assert list(earlier_calls(store, "reason", MODEL, 10)) == []
