"""The phrases around short answers: cues that announce one, marks that set one off, and what is said before and after.

Every repetition is bounded, so that any text costs one pass.
"""
# ruff: noqa: RUF001 - replies are written in several scripts

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = (
    r"(?<!\bno )(?<![\w-])(?:answers?|final (?:value|result)|result|solution|Antwort|Lösung|Ergebnis"
    r"|(?:réponse|respuesta|resposta|risposta)(?: [^\W\d_]{4,12})?|antwoord|odpowiedź|ответ|svar)"
)
_LINKS: Final = (
    r"(?:\s(?:to|for) (?:the|this|your) (?:question|problem|query)(?:\s[\"'“][^\"”\n]{1,150}[\"'”])?)?"
    r"(?:,[^,\n]{1,60},)?"
    r"(?:\s(?:is|was|are|(?:would|should|must|will|has to|seems to|appears to)(?: \w+ly)? be|comes out (?:as|to|at)"
    r"|equals|reads|therefore is|is therefore|ist|lautet|est|es|é|è|to|это|är)\b|['’]s\b"
    r"|\s{0,2}(?:=|[:：](?!//)|→|—|-(?=\s)))"
)
CUE: Final = re.compile(
    rf"{_NAMES}[*_`\"')\]]{{0,4}}{_LINKS}|\\?boxed\s{{0,2}}\{{|<(?:final_?|short_?)?answer>|<\|begin_of_box\|>"
    r"|(?:答案|回答|答え|答)(?:应该|應該|应|应为|便|就)?(?:是|为|為|は|[:：])|(?:정답|답)(?:은|:)"
    r"|^\s{0,4}ans(?:wer)?\s?\.(?=\s)"
    r"|^[#*\s]{0,8}(?:The )?(?:final |short )?answer[*:\s]{0,6}\n",
    re.IGNORECASE | re.MULTILINE,
)
"""What announces an answer; one that ends in a brace or begins with a tag has it inside."""

SET_OFF: Final = re.compile(
    r"\*\*(?P<bold>[^*\n]{1,300}?)\*\*|\"(?P<quoted>[^\"\n]{1,300})\"|“(?P<curly>[^”\n]{1,300})”"
    r"|(?<!\w)'(?P<single>[^\n]{1,300}?)'(?!\w)|‘(?P<low>[^\n]{1,300}?)’(?!\w)|`(?P<code>[^`\n]{1,300})`"
    r"|\$\$?(?P<formula>[^$\n]{1,300})\$\$?(?![\d\w])|\\\((?P<inline>.{1,300}?)\\\)"
    r"|「(?P<corner>[^」\n]{1,300})」|«(?P<angle>[^»\n]{1,300})»"
)
"""Words that marks set off."""
BOLD: Final = re.compile(r"\*\*([^*\n]{1,300})\*\*")
PLAIN_WORD: Final = re.compile(
    r"(?:about|approximately|around|roughly|only|exactly|almost|nearly|just|not|no|more|less|most|least|very|both"
    r"|and|or|than)",
    re.IGNORECASE,
)
"""A word that is set off for stress and is no answer."""
NOT_MINE: Final = re.compile(
    r"\b(?:wrong|incorrect|false|other|possible|alternative|na[iï]ve|hasty|common|typical)\s$", re.IGNORECASE
)
"""What comes before a cue whose answer the reply does not make its own."""
AFTER_SET_OFF: Final = re.compile(
    r"[\s*_]{0,3}(?:[.,;:!)。]|$|\n|[-–—]\s|\((?!s\))"
    r"|\b(?:because|since|as|which|who|is|are|was|were|in|on|at|with|according|based|not|rather|and not|appears?"
    r"|written)\b)"
)
"""What may follow an answer that marks set off."""

_PICTURE: Final = (
    r"(?:picture|image|photo|photograph|chart|graph|figure|diagram|scene|plot|description|document|caption)"
)
TAILS: Final = re.compile(
    r",\s(?:since|because|as|which|who|whose|where|not|rather|so|given|based|according|making|due|although|though|while"
    r"|with|and not|instead|and (?:the|it|that|this)|for|seen|shown|written)\b.*"
    r"|,?\s(?:because|since|rather than|instead of|as (?:the|it|this|shown|seen|stated|indicated|described|can|per)"
    r"|based on|according to|due to|given that|and not|which is|and the (?:one|other|rest))\b.*"
    r"|\s\((?:not|see|as|i\.e|because|since|shown|from|based|the|i|we|previously|originally|compared|versus|vs)\b.*"
    r"|\s(?:in total|altogether|in all)(?::\s|\s\().*"
    r"|,\s(?!bring|rais|total|leav|giv|yield|add|summ|mak)[a-z]{4,20}(?:ed|ing) (?:by|with|in|on|at|from|to|as|for)\b.*"
    r"|,\s(?:each|all of (?:which|them|whom))\b.*|(?<=[a-z]s):\s(?=\d+\s\w+.{0,60}\band\s\d+\s\w).*"
    r"|(?<=\d)\sof (?:them|these|those)$"
    r"|,\s(?:represent|reach|account|cover|compris|mak)ing (?:up |for )?(?:only |just |about |nearly |around "
    r"|approximately )?\d.*"
    r"|,\s(?:i|we)(?: would|['’]d)? (?:think|believe|guess|suppose|presume|assume|say)$"
    r"|,\s(?:i\.e\.,?|that is,?)\s(?=[^\d]{0,80}$).*"
    r"|,?\s(?:or so|or thereabouts|give or take|more or less|approximately|roughly|approx\.?)$|(?<=\d)ish$"
    r"|,\s(?:(?:compared|versus|vs|judging|when|read|measured|up from|down from|from \S{1,12} to)\b"
    r"|at (?:about |around |only |just )?[$€£]?\d).*"
    r"|(?<=[^\W\d])(?<!starts)(?<!ends)(?<!begins)\swith (?:an? (?:\w+ ){0,2}(?:value|share|total|score|rate|height"
    r"|count|percentage|level) of\s)?"
    r"(?:only |just |about |around |roughly |approximately )?[$€£]?\d[\d.,]*\s?(?:%|percent|[^\W\d]{1,12})?$"
    rf"|,?\s(?:in|on|from|of|at|by|within|inside) (?:the|this|that) (?:provided |given |whole |entire )?{_PICTURE}\b"
    r"(?!.{0,200}\s(?:is|are|was|were|says|reads|shows|has|equals|refers|means|represents|stands|belongs|denotes)\s).*"
    r"|,?\sin (?:colou?r|total|number|all"
    r"|(?:(?<!peaked in )(?<!occurred in )(?<!happened in )(?<!place in )(?<!began in )"
    r"(?<!started in )(?<!ended in ))(?:19|20)\d\d)$"
    r"|\s(?:is|are) (?:visible|shown|present|depicted|seen|mentioned|written|printed|displayed|listed)\b(?! as\b).*"
    r"|\s(?:visible|shown|depicted|mentioned)(?: in (?:the|this) \w+)?$|\s[-–—]\s\w+(?:\s\w+){3}.*",
    re.IGNORECASE | re.DOTALL,
)
"""What is added to an answer: reasons, contrasts, where it is seen."""

LEAD: Final = re.compile(
    r"^\W{0,3}(?:(?:so|thus|therefore|hence|then|overall|all in all|today|now|nowadays|currently|without [^,]{1,60},"
    r"|in (?:conclusion|summary|short|total|all)|finally|ultimately"
    r"|consequently|clearly|definitely|(?:most )?(?:probably|likely)|presumably|perhaps|certainly|actually|rather"
    r"|instead of [^,]{1,60},|(?:based|depending|going) on [^,]{1,80},|according to [^,]{1,80},|given [^,]{1,80},"
    r"|(?:after|by|when|once|upon) \w+ing [^,]{1,80},|\w{3,}ing (?:the|at|from|all|up|it|them|along|only)\b[^,(]{0,80},"
    r"|after [^,\s]{3,20},|(?:from|in|on) (?:the|this) [^,]{1,60},|if [^,]{1,80},|yes(?=,)|sure|ok|okay|well|but|and"
    r"|yet|however"
    r"|(?:that|this) (?:makes|gives|leaves)(?: us| you| me)?|(?:in all|all in all),? we get|we get|i get"
    r"|(?:it )?(?:must|should|has to|would|will) be"
    r"|(?:i|we|you|one) (?:would |'d |can )?(?:\w+ly )?(?:think|believe|say|guess|estimate|answer|see|saw|count"
    r"|counted|find"
    r"|found|conclude"
    r"|choose|read|need)(?: that| (?:it|this|that|the \w+)(?: to be| at| is))?|it (?:seems|appears"
    r"|looks like)(?: to be| that)?|i['’]d (?:say|estimate|guess|put)(?: (?:it|this|that)(?: to be| at| is))?"
    r"|i['’]m \w+ (?:it is|that)|(?:you|we|she|he|they)(?:['’](?:d|ll)| will| must) need"
    r"|i(?:['’]m| am) (?:\w+ly |quite |very |almost )?(?:confident|sure|certain|convinced|positive)(?: that)?)"
    r"[\s,:]+)+",
    re.IGNORECASE,
)
"""What leads to a statement."""

SUBJECT: Final = re.compile(
    r"^(?:it|that|this|these|those|they|he|she|there|here)(?:['’](?:s|re)\b"
    r"|\s(?:is|are|was|were|(?:must|should|would|will|has to|seems to|appears to) be)\b)\s*",
    re.IGNORECASE,
)
"""A pronoun and its verb, of which an answer is said."""
COPULA: Final = re.compile(
    r"\s(?:is|are|was|were|equals|(?:must|should|would|will|has to|seems to|appears to) be)\s|\s?[:=]\s",
    re.IGNORECASE,
)
STATES: Final = re.compile(
    r"\s(?:says?|reads?|shows?|states?|displays?|indicates?|reach(?:es|ed)|contains?|has|have|amounts? to"
    r"|(?:comes?|works?) (?:out )?(?:to|at)|stands? at|(?:fell|rose|grew|dropped|declined|increased|decreased"
    r"|changed) by"
    r"|(?:starts?|begins?|ends?|opens?|closes?) (?:at|on|in)"
    r"|totals|lists|names|identifies|measures?|costs?|weighs?|belongs to|corresponds? to|falls (?:under|into)"
    r"|represents?|depicts?|spells?|gives?|makes?(?: up)?"
    r"|yields?|wears?|holds?|carries|bears?|(?:accounts?|stands?) for|peaks? at|hits|went (?:up|down) by|mentions"
    r"|includes?|makes? up|comprises?"
    r"|(?:goes|extends|rises|rose|falls|fell|drops|dropped|increased|decreased|declined|grew) (?:up |down )?to"
    r"|(?:peaked|occurred|happened|began|started|ended|takes? place|took place) (?:in|on|at)"
    r"|appears?(?: to be)?|looks?(?: like)?|seems?(?: to be)?)\s",
    re.IGNORECASE,
)
"""Verbs whose object is an answer."""
VERB: Final = re.compile(
    r"(?<![\w-])(?:is|are|was|were|am|[^\W\d]{1,5}['’](?:m|re|ve|ll|d)|(?:it|that|there|he|she)['’]s|has|have|had"
    r"|shows?|says?|reads?|can|could|would|should|must|do|does|did|equals|reach(?:es|ed)|contains?|comes? to|belongs"
    r"|indicates?|states|appears?|seems?|looks?|makes|gives|isn['’]t|aren['’]t"
    r"|(?:document|page|text|caption|form|letter|table) (?:lists|names|identifies|mentions)"
    r"|(?:starts?|begins?|ends?|peaks?) (?:at|in|on)|wears|holds|carries|accounts for|stands for|went (?:up|down) by"
    r"|(?:goes|extends|rises) (?:up |down )?to|(?:peaked|occurred|happened|began|started|ended|takes? place"
    r"|took place) (?:in|on|at)"
    r"|costs|cost(?=\s[$€£\d])|weighs|falls (?:under|into)|refers|denotes|corresponds|depicts|includes?|amounts? to"
    r"|stands? at|makes? up|comprises?"
    r"|(?:fell|rose|grew|dropped|declined|increased|decreased|changed) by)(?![\w-])",
    re.IGNORECASE,
)
"""A verb that makes a text a sentence rather than a phrase."""
ROLE: Final = re.compile(
    r"^(?i:(?:colou?red|(?:that|those) of|dated|called|named|titled|entitled|labell?ed|painted|priced|numbered"
    r"|exactly|precisely)\s"
    r"|(?:[a-z]{2,}(?:ed|en|wn|ld|de)\s)?(?:by|to be|known as|made of)\s"
    r"|(?:located|situated|found|positioned|placed)\s|(?:scheduled|planned|set|due) (?:for|at|on)\s"
    r"|(?:listed|given|identified|described|recorded|shown) as\s|(?:the )?(?:category|genre) of\s"
    r"|pointing (?:at|to)\s|(?:addressed|sent|directed|payable|made out|assigned|dedicated) to\s)"
    r"|^(?:[a-z]{2,}(?:ed|en|wn|ld|de)\s(?:on|in|at)\s"
    r"|(?:the )?(?:(?:(?:bus|room|flight|gate|jersey|route|train|item|track|house) )?number|word|words|text"
    r"|letters?|year|name|brand|genre|category|company|city|country|state|digit)\s)(?=[\"'“A-Z\d])"
    r"|^(?i:(?:most )?(?:likely|probably|clearly|definitely|presumably|actually|really|in fact)\s"
    r"|(?:the |a |an )?(?:total |approximate |final )?(?:value|number|total|sum|score|price|amount|percentage|share"
    r"|length|height|count|age|figure|result|temperature|speed|weight|width|depth|distance|area|volume|rate|level"
    r"|population|mass|reading|voltage|angle) of (?:about )?)"
)
"""What an answer is called or made by: no part of it."""

CONCLUDES: Final = re.compile(
    r"^\W{0,3}(?:so|thus|therefore|hence|overall|in (?:conclusion|summary|short)|finally|ultimately|consequently"
    r"|that makes|this (?:makes|gives|means)|that gives|conclusion)\b|^\W{0,2}[=→]",
    re.IGNORECASE,
)
HEADING: Final = re.compile(
    r"^\W*(?:steps?\b|step-by|reasoning|analysis|explanation|description|let(?:['’]s| me| us)|okay|sure|looking|first\b"
    r"|solution|calculation|thinking|observations?|details?|note|confidence|source|question|hint)",
    re.IGNORECASE,
)
REMARK: Final = re.compile(r"^\W{0,3}(?:it|this|that|they|as|these|those|which|you|i|note|the reason)\b", re.IGNORECASE)
INTERJECTION: Final = re.compile(
    r"^\W*(?:sure|certainly|ok|okay|alright|of course|hello|hi|great question|good question|got it|let['’]s see)\W*$",
    re.IGNORECASE,
)
INTERJECTIONS: Final = re.compile(
    r"^\W*(?:(?:but|no|wait|sorry|apologies|my apologies|oops|hmm|oh|correction|actually|i mean|hold on|ok"
    r"|okay)\b[\s,.:;!—–-]*"
    r"|(?:edit|update):\s*|i (?:misread|miscounted|overlooked|forgot|made an? (?:mistake|error)"
    r"|was wrong)\b[^.!?;,:\n]{0,60}[.!?;,:]\s*"
    r"|let me [^.!?\n]{1,60}(?:[.!?:]\s*|$))+|^\W*\w+[\s,.:;!-]*",
    re.IGNORECASE,
)
"""What takes back an answer before the new one follows."""
CONFIRMED: Final = re.compile(
    r"\W*(?:(?:yes|ok|okay|so|good|indeed|great)\W+)*(?:(?:that|this|it|the (?:answer|result|count|sum|total))"
    r"(?:['’]s| is| was)? ?(?:\w+ly |indeed )?(?:correct|right|confirmed|consistent|checks? out|matches|holds)"
    r"|(?:correct|confirmed|verified))\W*",
    re.IGNORECASE,
)
"""A last sentence that confirms the answer after a check of it."""
QUOTED_END: Final = re.compile(r"\s[\"“]([^\"“”\n]{1,300})[\"”][\s.!]{0,3}$")
LABEL: Final = re.compile(
    r"^(?!(?i:no|not)\b|[^:\n]{0,30}(?:in total|altogether|in all):|(?i:in total|altogether|there (?:is|are)"
    r"|i count)\b)[^\W\d_][\w'. #/-]{0,30}:\s+(?=\S)"
)
NUMBERED: Final = re.compile(r"^\W{0,3}(?:1?\d|20)[.)]\)?\s+(?=\S+(?:\s+\S+){0,4}\s*$)")
"""The number of a list's item before a phrase."""
ARROW: Final = re.compile(r"^\s*(?:=>|->|→|⇒)\s*")
OR_SO: Final = re.compile(r",?\s(?:or so|or thereabouts|give or take|more or less)(?=\W*$)", re.IGNORECASE)

BOUND: Final = re.compile(r"\s*(?:[<>≤≥]|\\[lg]eq?\b)\s*[\d$.]")
NEGATION: Final = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|none of|(?:anything|everything|all) but|except|nothing|without|lacks?)\b"
    r"|n['’]t\b|\w-free\b",
    re.IGNORECASE,
)
CHOICE: Final = re.compile(
    r"\b(?:or|either|versus|vs|oder|ou|maybe|perhaps|possibly|between|among|at (?:the )?(?:very )?(?:least|most)"
    r"|more than|less than"
    r"|fewer than|up to|(?:over|under|above|below)(?=\s\$?\d))\b|\?|或",
    re.IGNORECASE,
)
"""Alternatives, bounds and questions: not one answer."""
PER_CASE: Final = re.compile(
    r"(?:^|\s)(in the case of|for|in|among)\s[^,;.]{1,30},[^;.]{1,60}[;.]\s(?:and |but |while )?\1\s", re.IGNORECASE
)
"""An answer per case: "For girls, it is 28; for boys, 35."."""
OTHERS_ROLE: Final = re.compile(r"\W*no,\s[^,.]{1,40}\sis the \w+ (?:for|of|in)\b", re.IGNORECASE)
"""What an answer is instead: "No, 28 is the value for girls."."""
ASIDE: Final = re.compile(r",\s(?:as|which|according|shown)\b[^,]{1,60},\s(?=(?:is|are|was|were)\b)")
ADVERBIAL: Final = re.compile(r"^(?:in|on|at|by|during|for) [^,]{1,40},\s", re.IGNORECASE)
CLEFT: Final = re.compile(
    r"(?!(?:clear|likely|true|possible|obvious|evident|certain)\b)(\S+(?: \S+){0,3}) (?:that|which|who) (?:has|have"
    r"|had|is|are|was|shows)\s"
)
"""It is Rome that has the highest bar."""
