"""Deadlines: a time of day, a span from the start of a run, or a date and time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
_SPAN: Final = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m(?:in)?)?")
DEADLINE_FORMS: Final = "`07:00` (the next one), `8h30m` from the start, or `2026-11-22 07:00`"


def deadline_at(text: str, now: datetime) -> datetime:
    """Return the time of a deadline.

    Args:
        text: a deadline in one of `DEADLINE_FORMS`.
        now: the start of the run, with its time zone; a `text` without one uses the same.

    Raises:
        ValueError: the text has none of the forms.
    """
    text = text.strip()
    if clock := _CLOCK.fullmatch(text):
        today = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)
    if (span := _SPAN.fullmatch(text)) and (span[1] or span[2]):
        return now + timedelta(hours=int(span[1] or 0), minutes=int(span[2] or 0))
    if not text[:4].isdigit():
        raise ValueError(f"must be {DEADLINE_FORMS}")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"must be {DEADLINE_FORMS}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def has_passed(deadline: str) -> bool:
    """Return whether a deadline is a date and time in the past.

    Raises:
        ValueError: as `deadline_at`.
    """
    now = datetime.now().astimezone()
    return deadline_at(deadline, now) < now
