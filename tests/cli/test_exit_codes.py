"""Which exit code stands for what."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from prism_engine.api import RunStatus
from prism_engine.cli.exit_codes import EXIT_CODES, error_code
from prism_engine.cli.show.reports import report_code
from prism_engine.errors import (
    BackendError,
    BudgetError,
    ConfigError,
    DeadlineError,
    FailuresError,
    OutcomeError,
    UserError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BudgetError, 3),
        (DeadlineError, 3),
        (FailuresError, 1),
        (OutcomeError, 1),
        (BackendError, 4),
        (ConfigError, 2),
        (UserError, 2),
    ],
)
def test_an_error_has_its_code_whether_it_ends_a_command_or_a_run(error, code):
    assert error_code(error.__new__(error)) == code
    ended = SimpleNamespace(status=RunStatus.DIED, trouble=error.__new__(error))
    assert report_code(ended) == code


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (RunStatus.COMPLETE, 0),
        (RunStatus.INCOMPLETE, 1),
        (RunStatus.NOT_BEGUN, 1),
        (RunStatus.INTERRUPTED, 130),
    ],
)
def test_a_run_that_no_error_stopped_has_the_code_of_its_status(status, code):
    assert report_code(SimpleNamespace(status=status, trouble=None)) == code


def test_help_names_every_code(prism):
    for code in (0, 1, 2, 3, 4, 130):
        assert f" {code} " in EXIT_CODES
    assert "Exit codes: 0 complete" in " ".join(prism("--help").out.split())
