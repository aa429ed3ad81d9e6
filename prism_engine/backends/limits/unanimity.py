"""Finds out that an endpoint rejects every call in the same words, before all calls have been sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prism_engine.errors import DeadError

if TYPE_CHECKING:
    from collections.abc import Hashable

ENOUGH = 5
"""Identical rejections, of different calls, after which an endpoint that has answered none is suspected."""
ENOUGH_LATER = 25
"""The same for an endpoint that has answered calls, counted from its last answer."""

_HINTS = (
    (re.compile(r"temperature|top_p|\bseed\b", re.IGNORECASE), "set `send_sampling: false` in its registry entry"),
    (
        re.compile(r"max_(?:completion_)?tokens", re.IGNORECASE),
        "check the run's output limit, and `max_tokens_field` in its registry entry",
    ),
    (
        re.compile(r"context|too long|too many tokens|maximum.{0,20}tokens", re.IGNORECASE),
        "the prompt and the output limit together may exceed the model's context; check the run's limits, or `model`",
    ),
    (
        re.compile(r"image|picture|vision|multimodal|modality", re.IGNORECASE),
        "the model may not accept pictures, or not of this kind; check `model`",
    ),
)
_DEFAULT_HINT = "check `model`, `base_url` and `extra_body` in its registry entry"


class Unanimity:
    """Counts identical rejections of different calls with no answer in between. Never waits.

    After `ENOUGH` of them no call is sent while others are in flight. Once all of these have ended without an answer,
    the endpoint is given up. An answer, of this run or from the cache, shows that calls can succeed. From then on a
    rejection usually concerns its call alone, so `ENOUGH_LATER` are needed, and an answer in this run.

    Args:
        where: the endpoint, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self.answered = False
        """Whether a call has been answered, now or in an earlier run."""
        self._enough: int | None = ENOUGH
        self._counts: dict[str, int] = {}
        self._rejected: set[Hashable] = set()
        self._reason = ""

    @property
    def suspicious(self) -> bool:
        """Whether calls were rejected often enough in the same words, and none was answered meanwhile."""
        return bool(self._reason)

    def record_answer(self) -> None:
        """Record that a call was answered."""
        self.answered, self._enough = True, ENOUGH_LATER
        self._counts.clear()
        self._reason = ""

    def record_earlier_answer(self) -> None:
        """Record that a call was answered in an earlier run, so that the rest of this one may be its bad prompts."""
        if not self.answered:
            self.answered, self._enough = True, None
            self._counts.clear()
            self._reason = ""

    def record_rejection(self, reason: str, call: Hashable) -> None:
        """Record a rejection.

        Args:
            reason: the status and the server's words. Numbers in them, such as token counts and request ids, are
                ignored when reasons are compared.
            call: distinguishes calls: repetitions of one call count once.
        """
        if call in self._rejected:
            return
        self._rejected.add(call)
        normalised = _normalised(reason)
        count = self._counts[normalised] = self._counts.get(normalised, 0) + 1
        if self._enough is not None and count >= self._enough:
            self._reason = reason

    def verdict(self) -> DeadError:
        """Return the error of an endpoint that rejects every call; valid while it is `suspicious`."""
        default = "" if "base_url" in self._reason else _DEFAULT_HINT
        hint = next((hint for pattern, hint in _HINTS if pattern.search(self._reason)), default)
        count = self._counts[_normalised(self._reason)]
        which = f"no longer answers: the last {count}" if self.answered else f"has answered no call: {count}"
        return DeadError(
            f"{self._where} {which} calls had the same result, so the others were not sent: {self._reason}"
            + (f" ({hint})" if hint else "")
        )


def _normalised(reason: str) -> str:
    """Return a reason without what differs from call to call: every word with a digit, except for the status.

    What a page says that is no completion does not matter either.
    """
    reason = re.sub(r"; (?:it|the page) says: .*", "", reason, flags=re.DOTALL)
    return " ".join(re.sub(r"(?<!\S)(?<!http )\S*\d\S*", "#", reason.lower()).split())
