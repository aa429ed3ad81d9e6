"""The words of a yes or no, and the phrases in which they answer or do not; see `yes_no_reading.py`."""
# ruff: noqa: RUF001 - replies are written in several scripts

from __future__ import annotations

import re
from typing import Final, Literal

YesNoWord = Literal["Yes", "No"]

YES_WORDS: Final = frozenset(
    (
        *("yes", "yeah", "yep", "yup", "correct", "true", "affirmative", "indeed", "certainly", "absolutely"),
        *("definitely", "oui", "ja", "sí", "sì", "sim", "да", "da", "tak", "ano", "evet", "نعم"),
        *("是", "是的", "对", "對", "对的", "有", "存在", "正确", "はい", "あります", "そうです"),
        *("예", "네", "맞습니다", "그렇습니다"),
    )
)
NO_WORDS: Final = frozenset(
    (
        *("no", "nope", "nah", "incorrect", "false", "untrue", "negative", "none", "not", "not at all", "not really"),
        *("certainly not", "definitely not", "absolutely not", "of course not"),
        *("non", "nein", "nee", "não", "нет", "nie", "hayır", "لا"),
        *("不是", "不是的", "否", "不", "不对", "不對", "没有", "沒有", "并没有", "不存在", "错误", "无", "無"),
        *("いいえ", "ありません", "違います", "아니요", "아니오", "없습니다", "아닙니다"),
    )
)
ENGLISH: Final = r"(?<![^\W_])(?:yes|no)(?![^\W_]|['’][a-z]|-[a-z])"
WORD: Final = re.compile(ENGLISH)
OTHER_NO: Final = re.compile(
    r"\bno\s(?:doubt|question|wonder|longer|matter|problem|more than|less than|later than|earlier|fewer|need|idea|one"
    r"|way to|way of|clear|answer|reason|clue|comment|information|info|data|image|picture|photo|description|exit"
    r"|entry|worries|other|thanks|objection|guarantee|certainty|telling|more|less|such (?:information|data|details?"
    r"|thing))\b"
    r"|\bno (?:tengo|puedo|sé|se puede|veo la imagen)\b|\bno\.?\s?\d|\byes(?:[\s/-](?:(?:or|and|vs\.?|versus|nor|&"
    r"|>)[\s/-])?(?:an? )?)no\b|\bno (?:or|nor|and) (?:an? )?yes\b"
)
"""A no that is neither an answer nor says that something is absent."""
CUE: Final = re.compile(
    r"\b(?:answers?|conclusion|verdict|response|result)\b[*_`\"')\]]{0,4}(?:\s(?:to|for) (?:the|this|your) question)?"
    r"(?:\s?[:=：—-]|\s(?:is|was|(?:would|should|must|will|has to) be|therefore is|remains|ist|lautet|est|es|é|è)\b)"
    r"|(?:antwort|réponse|respuesta|resposta|risposta|ответ)\s?(?:[:：—-]|(?:ist|lautet|est|es|é|è)\b)"
    r"|(?:答案|回答)(?:应该)?(?:是|为|[:：])|<(?:final_?)?answer>|boxed\s?\{"
    r"|\b(?:so|thus|therefore|hence),?\s(?=\W{0,3}(?:yes|no)\W{0,3}(?:[.,;:!]|$))"
)
NOT_WORD: Final = re.compile(
    r"(?:\b(?:not|never|cannot be|hardly)|n['’]t)\s(?:(?:be|a|an|the|quite|just|\w{2,12}ly)\s){0,2}[\W_]{0,3}" + ENGLISH
)
WRONG_WORD: Final = re.compile(
    ENGLISH + r"[\W_]{0,3}\s?(?:(?:would|could|might)\sbe\s(?:wrong|incorrect|false|right|correct)"
    r"|(?:cannot|can['’]t|is not|isn['’]t|would not|wouldn['’]t|could not|couldn['’]t)\s(?:be\s)?(?:the|an?|right"
    r"|correct)\b"
    r"|(?:is|was)\s(?:\w+ly\s)?(?:wrong|incorrect|false))"
)
MARKS: Final = re.compile(
    r"[*_`\"'“”‘’<>#|~$()\[\]{}✅✔❌✗]|\\[a-z]{1,8}"
    r"|\b(?:well|ok|okay|hmm|so|oh|and|but|thus|therefore|hence|actually|rather)\b,?"
)
LEADING: Final = re.compile(r"\s*([^\W\d_]+(?:\s(?:not|at all|course not))*)")
ENDED: Final = re.compile(r"\s*(?:[.,;:!。，、；：！—–]|-(?!\w)|$)")
SAYS_MORE: Final = re.compile(
    r"\s+(?:it|he|she|they|there|this|that|these|those|we|you|i|the|one|because|since|as|for|in|on|at|not|definitely"
    r"|indeed|absolutely|of course|sir|with|based|according)\b"
)
"""What follows a yes or no that answers; the "no" of "no other dog" is a determiner."""
ABSENT: Final = re.compile(
    r"\W*(?:there (?:is|are|was|were)(?: not|n['’]t) (?:any|an?)\b(?! (?:way|information|reason|doubt))"
    r"|i (?:can ?not|can['’]t|do not|don['’]t|could ?n[o'’]t) (?:see|find|spot|detect) (?:any|an?)\b"
    r"(?! (?:image|picture|photo|attachment|attached|file|description|reason|way|answer|uploaded))"
    r"|no(?: one|body) (?:is|are|was|has)\b|(?:auf dem bild ist )?kein(?:e|en)?\b(?! (?:ahnung|antwort|bild|foto"
    r"|hinweis|angabe))|no (?:hay|veo)\b|il n['’]y a pas\b"
    r"|(?:(?:图|图片|图像|画面|照片)(?:中|里|上)?)?(?:并)?(?:没有|沒有|看不到|没看到)(?!提及|提到|说明|给出|足够|提供|图|信息|问题|描述|答案)"
    r"[^有没是否？?]{1,20}$)"
)
"""What says that nothing of a kind is there."""
NOT_MINE_TO_SAY: Final = re.compile(
    r"\W*i (?:would|will)(?: not|n['’]t) (?:(?:say|answer|call (?:it|that)) (?:an? |that is a )?[\W_]?yes\b"
    r"|say so\b)|\W*i won['’]t say yes\b"
)
"""What declines to say yes, and so says no."""
UNSURE: Final = re.compile(
    r"\byes\W{0,3}\s?(?:only )?if\b|\bno\W{0,3}\s?(?:only )?if\b|^\W*only if\b|^\W*(?:then|in (?:that"
    r"|this) case)\b\W+(?:yes|no)\b"
    r"|^\W*according to (?:my|some|his|her|their)\b|\bwould have been\b|\byour (?:answer|guess|claim|response)\b"
    r"|\b(?:maybe|perhaps(?! surprisingly)|possibly|potentially|conceivably|might be|could be|may be)\b"
)
QUOTED: Final = re.compile(r"[\"“«][^\"”»\n]{1,200}[\"”»]|(?<!\w)['‘](?!(?:yes|no)['’])[^'’\n]{1,200}['’](?!\w)")
REPORTED: Final = re.compile(
    r"(?<!\bi )(?:\b(?:says|said|voted|ticked|circled|reads?|answers|replies|nods|labell?ed|marked|titled|spell(?:s"
    r"|ed)|written|wrote|sign|word"
    r"|text)|(?<=[a-z]s )say)\b"
    r"[\s:,(]{1,3}(?:(?:as if |in order )?to say )?(?:is )?['‘]?" + ENGLISH
)
"""A yes or no that is written in the picture or said by someone in it."""
SUPPOSED: Final = re.compile(
    r"(?:(?<!have )(?<!has )(?<!had )(?<!going )(?<!inclined )(?<!need )\bto (?:answer|say)|\bfor .{1,60}? to be"
    r"|(?:^|[,;]\s)(?:answering|saying)) (?:an? |with )?[\W_]?"
    + ENGLISH
    + r"|\bthere (?:is|was) an? "
    + ENGLISH
    + r"|\bneither\b[^,.;]{1,40}\bnor\s"
    + ENGLISH
    + r"|(?<!is )(?<!be )(?<!was )(?<!['’]s )(?<!['’]t )(?<!not )(?<!with )\b(?:an?|any) (?:\w+ )?"
    + ENGLISH
)
"""A yes or no that is talked about: "to say yes would be a guess", "a yes cannot be given"."""
LEAD_IN: Final = re.compile(
    r"\W*(?!if\b|when\b|unless\b|in case\b|before\b|after\b(?! (?:careful|looking|checking|a|further|closer"
    r"|review))|according to (?:my|some|his|her|their)\b)"
    r"(?![^,.:;!?\n]{0,70}\b(?:says?|said|reads?|asked|answers|replies|shouts|claims?)\b)[^,.:;!?\n]{2,70}[,:]\s(?="
    + ENGLISH
    + r"\W*(?:[.,;:!—–]|$))"
)
"""What leads to a yes or no: "Based on the image, yes." """
INITIALS: Final[dict[str, YesNoWord]] = {"y": "Yes", "n": "No"}
FLAG: Final = re.compile(
    r"\s*\{\s{0,9}\"(?:is|has|present|exists?|visible|found|contains?|correct|true|label"
    r"|response)(?:_\w{1,30})?\"\s{0,9}:\s{0,9}(?:true|(false))\s{0,9}\}\s*"
)
"""A JSON object of one boolean that says whether something is so."""
SET_OFF_WORD: Final = re.compile(r"[,:]\s\W{0,2}" + ENGLISH + r"\W*(?:[.,;:!—–]|$)")
LONGEST_WORD: Final = 3
LONGEST_REMARK: Final = 300
JUDGED: Final = re.compile(
    r"\W*(?:it|(?:this|that|the)(?: (?:statement|claim|assertion|sentence|description))?)(?:\s(?:is|was)|['’]s)"
    r"(?:(n['’]t|\snot)?\s(?:correct|true|right)|\s(incorrect|false|wrong|untrue))"
)
JUDGED_THAT: Final = re.compile(r"\W*it(?:\sis|['’]s)(n['’]t|\snot)?\s(?:true|correct|right|the case)\sthat\b")
CONCLUDED: Final = re.compile(r"^\W*(?:(?:so|thus|therefore|hence)\b[\s,]*)+")
SHORT: Final = re.compile(
    r"\W*(?:(?:it|he|she|they|there|this|that|these|we|you|i)"
    r"(?:\s(?:is|are|was|were|does|do|did|has|have|can|will)|['’]s)(n['’]t|\snot)?"
    r"|(?:it|(?:this|that|the)(?: (?:statement|claim|assertion|sentence|description))?)(?:\s(?:is|was)|['’]s)"
    r"(?:\s(?:absolutely|definitely|clearly|certainly|indeed))?"
    r"(?:(n['’]t|\snot)?\s(?:correct|true|right|so|the case)|\s(incorrect|false|wrong|untrue))"
    r"|the (?:given|above) (?:statement|claim|sentence|description) is (?:true|correct|(not (?:true|correct)|false"
    r"|incorrect|wrong))"
    r"|(?:i|we)\s(?:(?:think|believe|guess|suppose)\s(?:so|(not))|(do\snot|don['’]t)\s(?:think|believe)\sso)"
    r"|(?:(?:very |most )?\w{1,12}ly|of course|i['’]m afraid)(\snot)(?:\sreally|\sat all)?|(not)(?:\s(?:really"
    r"|at all|true|correct|right|so|the case))?|(zero [a-z]{2,20})|of course"
    r"|(not) (?:that i can (?:see|tell)|as far as i can (?:see|tell)|in (?:this|the) (?:image|picture|photo|chart))"
    r"|of course (?:it|he|she|they|there) (?:is|are|does|do)|(?:this|that|it)(?: is|['’]s) an? (?:true|correct"
    r"|(false|incorrect|untrue|wrong)) (?:statement|claim|assertion|description)"
    r"|(?:absolute|definite|certain)ly|right|sure|(wrong)"
    r"|there(?:\s(?:is|are)|['’]s)\sone|there(?:\s(?:is|are)|['’]s)(?:(n['’]t|\snot)\s(?:one|any)|\s(none))|y|t|(n"
    r"|f))[^\w?？]*"
)
"""A whole reply that means yes or no by an auxiliary verb or an adverb."""
FIRST_WORD: Final = re.compile(
    rf"((?:^|(?<=[.!?]\s))\W{{0,4}}{ENGLISH}[*_\"'”]{{0,3}}[,;:—–]+)\s(?!(?:but )?(?:only )?(?:if|when)\b)",
    re.MULTILINE,
)
"""A yes or no set off by a comma: what follows explains it."""
BOTH: Final = re.compile(r"\W*(?:yes\W{1,3}(?:and|but)\W{1,3}no|no\W{1,3}(?:and|but)\W{1,3}yes)\W*$")
"""A whole reply that says both: "Yes and no."."""
DECLINES: Final = re.compile(
    r"\W*no\W{1,3}(?:(?:sorry|unfortunately)\W{1,3})?(?:i|we)(?:['’]m| am| are)? (?:(?:can(?:not| not|['’]t)"
    r"|unable to|not able to) (?:\w+ly )?(?:tell|answer|say|determine|know|help"
    r"|(?:see|view) (?:the|any|an|your) (?:image|picture|photo))|(?:do not|don['’]t) know)\b"
)
"""A no that refuses rather than answers."""
ITEM: Final = re.compile(
    r"(?<![^\W_])(?!(?:answer|conclusion|verdict|overall|result|answers)\b)[^\W\d_]+:\s?[*_]{0,2}(yes|no)\b"
)
"""A yes or no per item: "Dog: yes. Cat: no."."""
SHOUTED: Final = re.compile(
    r"[\"“'‘](?:yes|no)[!.,?]{0,3}[\"”'’]?\s(?=(?:he |she |they )?(?:says?|said|shouts?|screams?|yells?|reads"
    r"|replies|cries)\b)"
)
"""A yes or no that someone in the picture says."""
ASKS_FOR: Final = re.compile(
    r"\b(?:(?:could|can|would) you (?:please )?(?:upload|provide|share|send|attach|rephrase)"
    r"|please (?:upload|provide|share|send|attach)|what would you like|what(?:['’]s| is) (?:the|your) question)\b"
)
"""What asks for the picture or the question."""
PREAMBLE: Final = re.compile(
    r"^\W*(?:(?:certainly|sure|of course)\W{0,2}!\s+(?=\S)"
    r"|(?:yes|sure|of course), (?:(?:i|we) can|i(?:['’](?:d|ll)| would| will) be (?:happy|glad) to) (?:(?:see"
    r"|view) (?:the|your|this) (?:image|picture|photo)\b[^.!\n]{0,20}"
    r"|(?:help|assist|answer)\b[^.!\n]{0,40})[.!]\s+)"
)
"""A yes that accepts the task rather than answers."""
