"""Multiple choice: the reply must name one option's letter; a judge may match a reply to the options."""
# ruff: noqa: RUF001 - one prompt is Chinese

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from prism_engine.records import AnswerKind, Option
from prism_engine.scoring.choice.choice import PROFILES, score_choice
from prism_engine.scoring.judged import user_message
from prism_engine.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.records import Message, Sample, Score
    from prism_engine.scoring.scorer import Lettered, Scored

OTHER: Final = "Other Answers"
"""The option that stands for every wrong answer when an open question is asked as multiple choice."""
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")

_MATCH: Final = """\
You match an answer to the options of a multiple-choice question. You are given the question, its options and an \
answer in free words. Say which option means the same as the answer. Where the answer means none of the options, is no \
answer, or refuses to answer, say Z. Reply with one capital letter and nothing else.

Example 1:
Question: What is the main object in the picture?
Options:
A. teddy bear
B. rabbit
C. cat
D. dog
Answer: a cute teddy bear
Your output: A

Example 2:
Question: What is the main object in the picture?
Options:
A. teddy bear
B. rabbit
C. cat
D. dog
Answer: Spider
Your output: Z

Now it is your turn:
Question: {question}
Options:
{options}
Answer: {answer}
Your output:"""

_MATCH_CHINESE: Final = """\
请把一个答案与选择题的选项对应起来。你会得到问题、选项和一段自由表述的答案。请指出与答案含义相同的选项。\
如果答案与所有选项都不符、没有作答或拒绝回答，请输出 Z。只输出一个大写字母，不要输出其他内容。

例 1：
问题：图中最主要的物体是什么？
选项：
A. 泰迪熊
B. 兔子
C. 猫
D. 狗
答案：一只可爱的泰迪熊
输出：A

例 2：
问题：图中最主要的物体是什么？
选项：
A. 泰迪熊
B. 兔子
C. 猫
D. 狗
答案：蜘蛛
输出：Z

现在请完成下面的题目：
问题：{question}
选项：
{options}
答案：{answer}
输出："""


class Choice(Scorer):
    """Scorer of multiple choice."""

    kind = AnswerKind.CHOICE
    lettered: ClassVar[Lettered | None] = "all"

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        return score_choice(reply, sample, PROFILES[self.profile])

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:  # noqa: D102
        return tuple(row.index for row in rows if row.score == 0.0 and row.extracted is None)

    def judge_messages(self, sample: Sample, reply: str) -> tuple[Message, ...]:
        """Ask which option means the same as the reply; in Chinese about a Chinese question, as VLMEvalKit does."""
        options = "\n".join(f"{option.letter}. {option.text}" for option in options_of(sample))
        prompt = _MATCH_CHINESE if _CHINESE.search(sample.question) else _MATCH
        question = "\n".join(filter(None, (sample.hint, sample.question)))
        return user_message(prompt, question=question, options=options, answer=reply)


def options_of(sample: Sample) -> tuple[Option, ...]:
    """Return a question's options; as in VLMEvalKit, an open question has its right answer and "Other Answers"."""
    return sample.options or (Option("A", sample.answer or ""), Option("B", OTHER))
