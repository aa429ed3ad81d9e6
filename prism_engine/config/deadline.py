"""When a run is to be over, as people say it: a time of day, a date and time, or so many hours from now."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
_SPAN: Final = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m(?:in)?)?")
FORMS: Final = "`07:00` (the next one), `8h30m` from the start, or `2026-11-22 07:00`"


def deadline_at(text: str, now: datetime) -> datetime:
    """Return the moment that is meant, in local time.

    Args:
        text: one of `FORMS`.
        now: the start of the run, with its time zone.

    Raises:
        ValueError: it is none of the forms, or lies in the past.
    """
    said = text.strip()
    if clock := _CLOCK.fullmatch(said):
        today = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)
    if (span := _SPAN.fullmatch(said)) and (span[1] or span[2]):
        return now + timedelta(hours=int(span[1] or 0), minutes=int(span[2] or 0))
    if not said[:4].isdigit():
        raise ValueError(f"is none of {FORMS}")
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        raise ValueError(f"is none of {FORMS}") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
    if moment <= now:
        raise ValueError("lies in the past")
    return moment
