from decimal import Decimal

import pytest

from prism_engine.api.build.payments import payment_for
from prism_engine.api.build.resolve import ResolvedModel
from prism_engine.budget import Price, price_of
from prism_engine.config import ApiModel, PriceSpec, ScriptedModel
from prism_engine.errors import ConfigError
from prism_engine.records import ModelIdentity

PRICED = ApiModel(model="m", base_url="http://here/v1", price=PriceSpec(input=Decimal(1), output=Decimal(2)))
FREE = PRICED.model_copy(update={"price": PriceSpec(input=Decimal(0), output=Decimal(0))})
UNKNOWN = PRICED.model_copy(update={"price": None})


def paying(spec, max_cost, folder):
    price = price_of(spec) if spec.is_paid else Price.nothing()
    model = ResolvedModel("m", spec, ModelIdentity("m", (("w", "1"),)), price)
    return payment_for(model, folder, max_cost, lambda path, cap: (path, cap))  # type: ignore[arg-type,return-value]


def test_a_priced_model_is_paid_from_the_ledger_under_the_cap(tmp_path):
    found = paying(PRICED, Decimal("1.5"), tmp_path)
    assert found.budget.controller == (tmp_path / "ledger.sqlite", 1_500_000_000)
    assert paying(PRICED, None, tmp_path).budget.controller == (tmp_path / "ledger.sqlite", None)


@pytest.mark.parametrize("spec", [FREE, ScriptedModel()])
def test_a_free_model_needs_no_budget(tmp_path, spec):
    assert paying(spec, Decimal(1), tmp_path) == (None, False)


def test_an_unknown_price_is_reported_and_refused_under_a_cap(tmp_path):
    assert paying(UNKNOWN, None, tmp_path) == (None, True)
    with pytest.raises(ConfigError, match="--max-cost needs the price of 'm'"):
        paying(UNKNOWN, Decimal(1), tmp_path)
