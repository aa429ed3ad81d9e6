import errno
import os
from pathlib import Path

import pytest

from prism_engine.unwritable import unwritable


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space"),
        (errno.EROFS, "fix the permissions or name another --results-dir or --out"),
        (errno.EACCES, "fix the permissions or name another --results-dir or --out"),
        (errno.ENOENT, "name another --results-dir or --out"),
    ],
)
def test_each_cause_has_its_fix(number, fix):
    said = unwritable(Path("r/scores.json"), OSError(number, os.strerror(number)))
    cause = os.strerror(number)
    assert said.startswith(f"r/scores.json: cannot be written ({cause}); every answer is in the cache: {fix}, then")
    assert said.endswith("rerun the same command to resume")


def test_an_error_without_a_number_is_quoted():
    assert "(odd)" in unwritable(Path("a"), OSError("odd"))
