"""Numbers in settings: finite, and small enough that sums and products of them fit into 64 bits wherever they go."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

MOST: Final = 10**15
"""Of any count: a thousand such counts still fit into 64 bits (SQLite, JSON, Parquet)."""
LONGEST: Final = 1e9
"""Seconds; more than 30 years, and less than the operating system can wait."""

PositiveInt = Annotated[int, Field(gt=0, le=MOST)]
NonNegativeInt = Annotated[int, Field(ge=0, le=MOST)]
Seed = Annotated[int, Field(ge=-(2**62), le=2**62)]
"""Draw k adds k to it."""
Draws = Annotated[int, Field(gt=0, le=100_000)]
"""How often something is asked; each draw takes memory."""
Tokens = Annotated[int, Field(gt=0, le=10**9)]
"""Of one request, which may have a price."""
PositiveFloat = Annotated[float, Field(gt=0, le=LONGEST, allow_inf_nan=False)]
NonNegativeFloat = Annotated[float, Field(ge=0, le=LONGEST, allow_inf_nan=False)]
Dollars = Annotated[Decimal, Field(ge=0, le=10**9, allow_inf_nan=False, max_digits=20)]
Price = Annotated[Decimal, Field(ge=0, le=10**6, allow_inf_nan=False, max_digits=20)]
"""US dollars per million tokens, or per request."""
