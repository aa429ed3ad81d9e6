"""Words that keep a mention of an option from being a statement: conditions, reports, remarks and doubts.

For lower-cased text with signs, as in `vocabulary.py`.
"""

from __future__ import annotations

import re
from typing import Final

from prism_engine.scoring.choice.vocabulary import whole_words

IF: Final = whole_words(
    r"""if|unless|(?<!i )suppose|supposing|assuming|(?<!i )assume|provided (?:it|that|there|he|she|they|we|you)
    |in case|under (?:that|those|such|other|different) (?:\w+ )?(?:conditions?|circumstances?|assumptions?
    |lighting|light)
    |in (?:that|such a|another|a different) (?:case|scenario|situation)|(?:need|require|take
    |lack)s? (?:[\w]+ ){1,4}to (?:choose|pick|decide|say|answer|prefer|select)|explain why|explain how|i wish
    |i'd like to say|only when|only if
    |(?<!shows )(?<!says )(?<!suggests )(?<!indicates )(?<!states )(?<!implies )otherwise
    |(?<!except )for [\ue000-\ue2ff] to
    |hypothetically|were it|had it|had the|were the|had there|were there|should the|should it|imagine|depends
    |depending|whether|would have(?! to)|would've|'d have(?! to)|could have been|might have been|in that case
    |wenn|falls|wäre|hätte|würde es|si l'|si le|si la|serait|aurait|si fuera|si el|si la|fuera|fuese|sería
    |se fosse|sarebbe|se o|se a|fosse|seria|als het|zou|если|бы|eğer|nếu|jika|अगर|यदि|إذا|لو""",
    "如果|假如|假设|倘若|若是|会是|もし|なら|만약|라면|다면",
)
"""What makes a clause, and those that depend on it, a condition or contrary to fact."""
FORCED: Final = re.compile(
    r"\bif (?:(?:i|we|you) )?(?:(?:really |absolutely )?(?:had to|have to|must|were to|was to|need to|should)"
    r"|(?:(?:am|was|were|'m) )?"
    r"(?:forced|pressed|pushed|asked|required|made)(?: to)?)(?: (?:choose|pick|guess|answer|select|decide|say"
    r"|bet|commit|make)"
    r"(?: (?:one|a guess|an answer|an option|a choice|a letter|now))?)?|\bif (?:i'm|i am) not mistaken|\bas if\b"
    r"|\b(?:if|when|once|after) (?:i|we|you|one) (?=(?:compare|exclude|eliminate|rule out|remove|discard|weigh"
    r"|look at|go through|check)\b)"
    r"|\bwenn (?:man|wir) (?=[^,]{0,30}(?:ausschließ|vergleich))"
)
"""Conditions that are none: "if I had to choose"."""
OTHERS: Final = whole_words(
    r"""user|users|you|your|yours|annotators?|others|someone|somebody|anyone|everyone|beginners?|novices?|readers
    |viewers|reviewers?|raters?
    |(?:he|she|they|students?|people|teachers?|friends?|experts?|authors?|models?|assistant|chatbot|colleagues?
    |reader|viewer|man|woman|humans?|chatgpt|gemini|gpt)(?: [\w'-]+){0,3} (?:chose|choose|chooses|picks?|picked
    |says?|said|thinks?|thought|answers?|answered|selects?|selected|claims?|claimed|marks?|marked|prefers?
    |preferred|suggests?|suggested|believes?|believed|puts?|wrote|writes|guess|guesses|guessed|went|goes|would
    |might|insists?|tend|tends|fall|opts?|opted)
    |answer key|(?:sign|poster|label|board|whiteboard|screen|note|page|book|slide|banner|shirt|text|title|picture
    |image|worksheet|paper)\b[\w ]{0,30}\b(?:reads|says|states|claims|saying
    |reading)\b[ :']{0,3}(?:that )?(?:the )?(?:correct |right )?answer
    |claims?|claimed|claiming|alleged|allegedly|supposedly|said|argues?|argued|believes|thinks|asserts?|asserted
    |objects? that|respondents?|learners?|candidates? often|test-takers?
    |the (?:other|previous|first) (?:model|assistant|student|annotator)|question (?:suggests|implies)
    |hint (?:says|suggests|mentions|implies)|prompt (?:suggests|hints)
    |question says|question asks|previous|according to
    |(?:some|many|most|few|several|other)(?: people| \w+s)? (?:would|might|may|could|will|can|often|say|think
    |choose|pick|select|prefer|put|believe|argue|claim|go|take|read|fall|mark)
    |you'd|rumou?rs?|one (?:might|may|could|can|would)|(?<!this )(?<!that )(?<!right )(?<!correct )one's|nutzer
    |benutzer|utilisateur|usuario|utente|usuário|gebruiker
    |пользователь""",
    "用户|有人|有些人|学生|他|你|ユーザー|사용자",
)
"""Speakers other than the one who answers, and verbs that report what others say."""
EVIDENCE: Final = re.compile(
    r"\b(?:according to|based on|given|per|from) (?:your|the|this|its|that) (?:\w+ ){0,2}?(?:description|image"
    r"|picture|text|scene|passage|information|caption|photo|context|details?|chart|figure|graph|table|evidence"
    r"|diagram|question)\b"
    r"|\byou (?:can|may|will) (?:see|notice)\b|\b(?:as )?you (?:should|must|can|need to) (?=choose|pick|select"
    r"|answer)|\bas you (?:described|wrote|mentioned)\b|\byour (?:question|description|image|picture)\b"
    r"|\bthank you\b|\byour (?:final )?(?:answer|choice) (?:should|must) be\b|\bone can (?:conclude|infer|see"
    r"|deduce|say|tell)\b|\bthe user (?:wants|asks|asked|is asking|needs|would like)\b[^.]{0,60}"
)
"""What speaks of others but attributes nothing to them."""
REMARK: Final = whole_words(
    r"""mistakes?|errors?|misconceptions?|pitfalls?|traps?|distractors?|tempting|tempted|temptation|fooled|misled
    |misleading|confus\w+|mistake|mix up|inclined|initially|originally|at first|first thought|first instinct
    |i know|granted|admittedly|first impression|(?:initial|preliminary|original|prior|earlier) (?:answer|guess
    |choice|thoughts?|pick|reading|response|assumption|reaction)
    |first (?:reaction|inclination|assumption|reading)|at first glance|previously|earlier|once thought|thought
    |used to|considered|consider
    |considering option|see (?:also |the )?(?:option|choice|answer|above|below)|look at|regarding|concerning
    |as for|speaking of
    |with (?:regard|respect) to
    |start with|begin with|let me(?! (?:go with|revise|correct|choose|pick|answer|say|select|change))
    |let's (?:look|see|check|start|consider|examine|think|evaluate)|mean by
    |different scene|something else|before reading|was going to|was about to|was leaning|first leaning|wondered
    |suspected|assumed|hesitat\w+|second choice|second best|second-best|second guess|second option|second most
    |2nd|runner-up|runner up|alternatives?|alternatively|next best|next-best|next most|next choice|back-?up
    |fallback|close second|comes close|third choice|plan b|failing that|failing which|less likely|least likely
    |less probable
    |another (?:is|would be|possibility|option)|(?:one|1) possibility|possibilities|candidates|second place
    |third place|other possibility|honou?rable mention|also considered|also plausible|also possible
    |also be|different question|anfangs|zuerst|zunächst|d'abord|al principio|primero|inizialmente|no início
    |сначала""",
    "常见的?错误|容易|误选|干扰|次选|其次|起初|一开始|最初は|처음",
)
"""What is said about an option without stating or denying it."""
UNSURE: Final = whole_words(
    "could be|might be|may be|maybe|perhaps|possibly|could|might|may|vielleicht|peut-être|quizás|forse|talvez|возможно",
    "可能|也许|かもしれ|아마",
)
ONLY_PLAUSIBLE: Final = whole_words(
    "plausible|possible|tempting|close|considered|conceivable|attractive|reasonable|similar|could be"
)
