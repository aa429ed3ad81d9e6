"""Prompts for judges: the structure and task are VLMEvalKit's, the wording is our own."""
# ruff: noqa: RUF001 - one prompt is Chinese

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prism_engine.records import AnswerKind, Message
from prism_engine.scoring.judged import options_of
from prism_engine.scoring.kinds.llavabench import REFERENCE

if TYPE_CHECKING:
    from prism_engine.records import Sample

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

_YES_NO: Final = """\
You read an answer to a question that wants yes or no. Say Yes where the answer means yes, No where it means no, and \
Unknown where it means neither or both. Reply with that one word and nothing else.

Example 1:
Question: Is the word in this image 'Hello'?
Answer: The word in this image is 'Hello'.
Your output: Yes

Example 2:
Question: Is the word in this image 'Hello'?
Answer: The word in this image is not 'Hello'.
Your output: No

Now it is your turn:
Question: {question}
Answer: {answer}
Your output:"""

_EXTRACT: Final = """\
Read the answer to a question, and write the final value that it gives at the end, in the form that the hint asks for. \
Write the value and nothing else.

Hint: Answer with a whole number and give the final value at the end, for example 1, 2, 3.
Question: Which number is missing?
Model response: The number that is missing in the sequence is 14.
Extracted answer: 14

Hint: Answer with a number with one decimal place and give the final value at the end, for example 1.2, 1.3, 1.4.
Question: What is the fraction of women who face north?
Model response: Two of the five women face north, so the fraction is 0.4.
Extracted answer: 0.4

Hint: Answer with a number with two decimal places and give the final value at the end, for example 1.23, 1.34, 1.45.
Question: How far is it between the two posts? (Unit: m)
Model response: By the theorem of Pythagoras the distance comes to about 1.45 metres.
Extracted answer: 1.45

Hint: Answer with a Python list and give the final list at the end, for example [1, 2, 3].
Question: Between which two years did the line rise the most?
Model response: The line rises the most between 2006 and 2008.
Extracted answer: [2006, 2008]

Hint: Answer the question and give the right option's letter at the end, for example A, B, C, D.
Question: What share of the pie is left?
Choices:
(A) 3/11
(B) 8/11
(C) 6/11
(D) 3/5
Model response: Three of the eleven pieces were eaten, so that 8/11 are left.
Extracted answer: B

{question}
Model response: {answer}
Extracted answer:"""

_GRADE: Final = """\
Grade a prediction: how right is it, from 0.0 (wholly wrong) to 1.0 (wholly right)? Compare it with the ground truth. \
There, <AND> means that what stands on both sides must be in it, and <OR> that one side is enough. The grade is one of \
0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9 and 1.0. Fill in the last cell of the table: write the number and \
nothing else.

Question | Ground truth | Prediction | Correctness
--- | --- | --- | ---
What is x in the equation? | -1 <AND> -5 | x = 3 | 0.0
What is x in the equation? | -1 <AND> -5 | x = -1 | 0.5
What is x in the equation? | -1 <AND> -5 | x = -5 | 0.5
What is x in the equation? | -1 <AND> -5 | x = -5 or 5 | 0.5
What is x in the equation? | -1 <AND> -5 | x = -1 or x = -5 | 1.0
Why is this picture funny? | The dog wears glasses <AND> reads a newspaper as people do | A dog is doing something \
funny. | 0.3
Why is this picture funny? | The dog wears glasses <AND> reads a newspaper as people do | The dog sits in a chair with \
glasses on its nose and reads the paper, as if it were a person. | 1.0
{question} | {gold} | {answer} |"""

_COMPARE_ROLE: Final = "You are a careful and fair judge of the quality of answers."
_COMPARE: Final = """\
[Context]
{context}

[Question]
{question}

[Assistant 1]
{reference}

[End of Assistant 1]

[Assistant 2]
{answer}

[End of Assistant 2]

[System]
Rate how well each of the two assistants answered the question about a picture, which the context describes. Consider \
whether the answer helps, is to the point, is accurate and is detailed enough. Rate each as a whole, from 1 to 10; \
higher is better. The first line of your reply must hold two numbers and nothing else: the ratings of Assistant 1 and \
Assistant 2, separated by one space. From the second line on, explain your ratings; favour nobody, and do not let the \
order of the answers sway you."""


def review_messages(kind: AnswerKind, sample: Sample, reply: str) -> tuple[Message, ...]:
    """Return the judge's messages about one answer."""
    match kind:
        case AnswerKind.YES_NO | AnswerKind.MME | AnswerKind.POPE | AnswerKind.HALLUSION:
            return _user(_YES_NO, question=sample.question, answer=reply)
        case AnswerKind.MATHVISTA:
            return _user(_EXTRACT, question=_labelled(sample.question), answer=reply)
        case AnswerKind.MMVET:
            cells = (_cell(text) for text in (sample.question, _spaced(sample.answer or ""), reply))
            return _user(_GRADE, **dict(zip(("question", "gold", "answer"), cells, strict=True)))
        case AnswerKind.LLAVABENCH:
            parts = {"context": sample.extra.get("caption", ""), "reference": sample.extra.get(REFERENCE, "")}
            user = _user(_COMPARE, question=sample.question, answer=reply, **parts)
            return Message("system", (_COMPARE_ROLE,)), *user
        case _:
            return _matching(sample, reply)


def _matching(sample: Sample, reply: str) -> tuple[Message, ...]:
    options = "\n".join(f"{option.letter}. {option.text}" for option in options_of(sample))
    prompt = _MATCH_CHINESE if _CHINESE.search(sample.question) else _MATCH
    question = "\n".join(filter(None, (sample.hint, sample.question)))
    return _user(prompt, question=question, options=options, answer=reply)


def _user(template: str, **parts: str) -> tuple[Message, ...]:
    return (Message("user", (template.format(**parts),)),)


def _labelled(question: str) -> str:
    return question if question.startswith(("Hint:", "Question:")) else f"Question: {question}"


def _spaced(gold: str) -> str:
    return gold.replace("<AND>", " <AND> ").replace("<OR>", " <OR> ")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
