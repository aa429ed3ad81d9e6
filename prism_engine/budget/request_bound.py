"""What a cap reserves per request, in words: how much, what for, and how to reserve less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.budget.balance import Balance, max_reserved
from prism_engine.budget.money import shown
from prism_engine.config.api_entry import UNKNOWN_IMAGE_TOKENS

if TYPE_CHECKING:
    from prism_engine.budget.prices import Price


@dataclass(frozen=True, slots=True)
class RequestBound:
    """The most that one request to a model costs."""

    model: str
    """The model's name in the registry."""
    worst: int
    """Nano-dollars, with the prompt's pictures."""
    pictures: int
    """The part for pictures."""
    image_tokens: int
    concurrency: int
    """Maximum number of requests in flight, without a cap."""

    @classmethod
    def of(cls, model: str, price: Price, worst: int, images: int, image_tokens: int, concurrency: int) -> RequestBound:
        """Return the bound of a request whose worst case is `worst`."""
        pictures = min(price.worst(images * image_tokens, 0), worst) if images else 0
        return cls(model, worst, pictures, image_tokens, concurrency)

    def at_once(self, cap: int, needed: int) -> int:
        """Return how many requests a cap allows in flight for work that costs `needed` at most (nano-dollars)."""
        return max(max_reserved(Balance(), cap, needed) // self.worst, 1)

    def __str__(self) -> str:
        """Return what is reserved, and what for."""
        text = f"each request to {self.model!r} reserves up to {shown(self.worst)} until its reply reports its cost"
        if not self.pictures:
            return text
        assumed = ""
        if self.image_tokens == UNKNOWN_IMAGE_TOKENS:
            assumed = f", because {self.image_tokens:,} tokens per picture are assumed without `image_tokens`"
        return f"{text}, of which {shown(self.pictures)} for pictures{assumed}"

    @property
    def advice(self) -> str:
        """How to reserve less, in the order of effect."""
        largest = self.pictures * 2 > self.worst
        image_tokens = f"set `image_tokens` of {self.model!r} in the registry to what its provider counts, "
        return f"{image_tokens if largest else ''}lower the output limit, or raise --max-cost"
