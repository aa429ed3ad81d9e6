"""The benchmark catalogue: names, kinds, downloads."""

import pytest

from prism_engine.config.benchmarks import answer_kind, known_benchmark, known_benchmarks, shipped_catalogue
from prism_engine.records import AnswerKind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MMStar", AnswerKind.CHOICE),
        ("MMStar_MINI", AnswerKind.CHOICE),
        ("MMBench_DEV_EN_V11", AnswerKind.CIRCULAR),
        ("BLINK_circular", AnswerKind.CIRCULAR),
        ("AI2D_TEST_circular", AnswerKind.CIRCULAR),
        ("MMMU_DEV_VAL", AnswerKind.MMMU),
        ("MME", AnswerKind.MME),
        ("MMERealWorld", None),
        ("POPE", AnswerKind.POPE),
        ("HallusionBench", AnswerKind.HALLUSION),
        ("TextVQA_VAL", AnswerKind.VQA),
        ("InfoVQA_VAL", AnswerKind.ANLS),
        ("DocVQA_TEST", AnswerKind.ANLS),
        ("ChartQA_TEST", AnswerKind.RELAXED),
        ("OCRVQA_TESTCORE", AnswerKind.EXACT),
        ("OCRBench", AnswerKind.OCRBENCH),
        ("MathVista_MINI", AnswerKind.MATHVISTA),
        ("MMVet", AnswerKind.MMVET),
        ("LLaVABench", AnswerKind.LLAVABENCH),
        ("COCO_VAL", AnswerKind.CAPTION),
        ("PrismScenes", AnswerKind.CHOICE),
        ("mmmu", AnswerKind.MMMU),
        ("MyOwn", None),
    ],
)
def test_a_name_determines_the_answer_kind(name, kind):
    assert answer_kind(name) is kind


def resolved(name):
    known = known_benchmark(name)
    return known and known.name


def test_names_and_aliases_ignore_case():
    for name in ("mmstar", "MMSTAR", "MMStar"):
        assert resolved(name) == "MMStar"
    assert resolved("MMMU") == "MMMU_DEV_VAL"
    assert resolved("lin-chen/mmstar") == "MMStar_OFFICIAL"
    assert resolved("nothing") is None


def test_each_name_and_alias_means_one_benchmark():
    names = [name.lower() for known in known_benchmarks() for name in (known.name, *known.spec.aliases)]
    assert len(names) == len(set(names))


def test_a_listed_kind_agrees_with_the_name_rules():
    """VLMEvalKit uses the name alone; renaming a file with a suffix must not change its kind."""
    for known in known_benchmarks():
        assert answer_kind(f"{known.name}_mine") in (known.spec.kind, None), known.name


def test_every_download_has_a_checksum_with_known_exceptions():
    without = {known.name for known in known_benchmarks() if known.spec.url and not known.spec.md5}
    assert without == {"MMStar_OFFICIAL", "MMBench_TEST_CN_V11"}
    assert len({known.spec.md5 for known in known_benchmarks() if known.spec.md5}) == len(known_benchmarks()) - 3


def test_only_the_benchmark_without_questions_has_one_in_the_catalogue():
    assert [known.name for known in known_benchmarks() if known.spec.question] == ["COCO_VAL"]


def test_the_catalogue_ships_in_the_package_or_the_checkout():
    assert shipped_catalogue().is_file()
