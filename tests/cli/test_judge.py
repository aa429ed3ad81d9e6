"""`prism judge` and `prism run --judge` on the terminal."""

import pytest

MODELS = """
models:
  mumbler: {backend: scripted, replies: ["I like the second one, hard to say", "B", "hmm"]}
  letters: {backend: scripted, replies: ["A", "B", "C", "D"]}
  silent: {backend: scripted, replies: ["who knows"]}
  refuser: {backend: scripted, replies: ["A"], failure_rate: 0.7}
"""
RUN = ("run", "shapes.tsv", "-p", "scripted", "-r", "mumbler", "--models-file", "m.yaml")


@pytest.fixture
def judged(prism, tmp_path):
    (tmp_path / "m.yaml").write_text(MODELS)

    def call(*arguments):
        return prism("judge", *arguments, "--models-file", "m.yaml")

    assert prism(*RUN).code == 0
    return call


def test_it_says_how_each_answer_was_resolved_and_by_whom(judged):
    said = judged("mumbler", "--judge", "letters")
    assert said.code == 0
    assert "judged by letters" in said.out
    assert "9 matched" in said.out
    assert "15 judged" in said.out
    assert "judged-letters" in said.out


def test_its_progress_is_listed_and_not_resumed_as_a_run(judged, prism):
    judged("mumbler", "--judge", "silent")
    assert "judged-silent" in prism("runs").out
    said = prism("status")
    assert (said.code, "Reviews" in said.out, "the same prism judge" in said.out) == (0, True, True)
    said = prism("resume", "judged-silent")
    assert (said.code, "not a run" in said.err) == (2, True)
    assert "judged-silent" not in prism("status", "mumbler").out


def test_answers_that_stay_unscored_give_code_1(judged):
    said = judged("mumbler", "--judge", "silent")
    assert said.code == 1
    assert "15 unscored" in said.out
    assert "15 answers have no score: no review of them could be read" in said.err
    assert "calls" not in said.err


def test_answers_whose_reviews_failed_are_counted_apart_and_can_be_repeated(judged):
    said = judged("mumbler", "--judge", "refuser")
    assert said.code == 1
    assert "answers have no score: the calls to the judge failed" in said.err
    assert "to repeat them: prism" in said.err
    assert "could be read" not in said.err


def test_a_plan_says_how_much_there_is_to_ask(judged):
    said = judged("mumbler", "--judge", "letters", "--plan")
    assert said.code == 0
    assert "15" in said.out
    assert "Open answers" in said.out


def test_a_dead_judge_gives_code_4_and_says_so(judged, monkeypatch):
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9/v1/chat/completions")
    monkeypatch.setenv("LOCAL_LLM", "mine")
    said = judged("mumbler", "--judge", "gpt-4o-mini")
    assert said.code == 4
    assert "the judge 'gpt-4o-mini' does not answer" in said.err


def test_a_judge_without_a_key_gives_code_2(judged):
    said = judged("mumbler", "--judge", "gpt-4o-mini")
    assert (said.code, "OPENAI_API_KEY" in said.err) == (2, True)


def test_a_run_may_name_its_judge(judged, prism):
    said = prism(*RUN, "--judge", "letters")
    assert said.code == 0
    assert "15 judged" in said.out


def test_every_draw_of_a_run_is_judged(judged, prism, tmp_path):
    warm = ("--perception-temperature", 0.7, "--descriptions-per-image", 2)
    assert prism(*RUN, *warm).code == 0
    (draws,) = tmp_path.glob("results/**/draws.jsonl")
    plan = judged(draws.parent, "--judge", "letters", "--plan")
    cells = plan.out.splitlines()[-2].split()
    assert cells[1:4] == ["30", "0", "15"]  # the script describes a picture both times alike
    said = judged(draws.parent, "--judge", "letters")
    assert said.code == 0
    assert "Of all 2 draws of 24 questions" in said.out
    assert "30 judged" in said.out
    assert "15 reviews asked for" in said.out
    assert (draws.parent / "judged-letters" / "draws.md").is_file()
