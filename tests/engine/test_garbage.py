import gc

import pytest

from prism_engine.engine.garbage import THRESHOLD, rare_collections


@pytest.fixture(autouse=True)
def thresholds():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_collections_are_rare_inside_the_block_and_as_before_after_the_last_one():
    gc.set_threshold(700, 11, 12)
    first, second = rare_collections(), rare_collections()
    with first:
        second.__enter__()
        assert gc.get_threshold() == (THRESHOLD, 11, 12)
    assert gc.get_threshold() == (THRESHOLD, 11, 12)  # the second block has not ended
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (700, 11, 12)


def test_an_error_restores_the_threshold():
    gc.set_threshold(700, 10, 10)
    with pytest.raises(ValueError, match="broken"), rare_collections():
        raise ValueError("broken")
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("threshold", [0, THRESHOLD + 1])
def test_a_collector_that_is_off_or_rarer_stays_so(threshold):
    gc.set_threshold(threshold, 10, 10)
    with rare_collections():
        assert gc.get_threshold()[0] == threshold
