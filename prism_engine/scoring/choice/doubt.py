"""Doubts about the option that a reply seems to choose: when in doubt nothing is read, and a judge can settle it.

A choice is doubtful if what directly follows its last mention takes it back or gives up, or if each sentence that
mentions it speaks of an example, a format, another occasion or something that is far from a choice. For lower-cased
text with signs (`signs.py`); checked last, so that no other rule has to know these words.
"""

from __future__ import annotations

import re
from typing import Final

from prism_engine.scoring.choice.alternation import anywhere
from prism_engine.scoring.choice.signs import SIGN, TEXT
from prism_engine.scoring.choice.support import is_plain

_LONGEST: Final = 240
"""Characters after the last mention of the choice that may take it back."""
_SUBJECT: Final = r"(?:that|this|it|which|(?:that|this|my|the) (?:answer|choice|guess|pick|option|one|conclusion))"
_BAD: Final = (
    r"(?:wrong|incorrect|false|untrue|mistaken|an? (?:\w+ )?(?:mistake|error|slip|typo)|nonsense|invalid|impossible"
    r"|unsupported|a lie|no good|not (?:right|correct|true|it|so|the case|supported|what (?:i|the)\b))"
)
_ENDS: Final = r"(?=,? ?(?:though|too|either|then|after all|upon|now|because|since|by)?\s*(?:[.,!;:)]|$))"
_TAKEN_BACK: Final = re.compile(
    anywhere(
        r"^[^\w\ue000-\ue2ff]*(?:or |but |well,? |actually,? )?(?:not(?: really| quite| exactly| at all)?|nope"
        r"|nah|no)[^\w\ue000-\ue2ff]*$"
        r"|\b(?:so|but) i won't\b"
        r"|\bi (?:guess|suppose|think|fear) not\b|\bi(?:'m| am) not (?:buying|sold|convinced|(?:sure"
        r"|certain) (?:about|of) (?:that|it))"
        r"|\bi (?:\w+ )?(?:read|saw|used|took|checked) the wrong\b|\bi (?:\w+ )?(?:misread|misjudged|misspoke|mixed)\b|"
        r"\b(?:or|but|then again|on second thoughts?|hmm+|well|actually)\W{1,3}(?:maybe |perhaps |probably "
        r"|possibly )?not?\b"
        r"(?=\s*(?:$|[.!]))"
        r"|\b(?:maybe|perhaps|probably|possibly) not\b(?=\s*(?:$|[.!,;]))"
        r"|\bi (?:\w+ )?(?:don't|do not|can't|cannot|can not|couldn't|could not|wouldn't"
        r"|would not) (?:\w+ )?(?:think so"
        r"|believe (?:so|that|it)\b|stand by|trust (?:that|this|it)|defend (?:that|this|it)|(?:tell|say|know"
        r"|be sure)\s*(?:[.!]|$)"
        r"|mean (?:that|it|this)\b|agree\b(?! with)|confirm (?:that|this|it)|justify (?:that|this|it)"
        r"|support (?:that|this|it))"
        r"|(?<!\bif )\bi(?:'m| am| was| now am|'m now)(?: \w+)? (?:stuck|lost|clueless|wrong|mistaken|joking"
        r"|kidding|guessing wildly)\b"
        r"|\b(?:take|taking|took) (?:that|it|this)(?: \w+)? back\b|\b(?:withdraw|withdrawn|retract|retracted|revoke)\b"
        r"|\bi(?:'ll| will|'d like to| want to)? (?:give up|have no (?:idea|clue))\b|\b(?:just "
        r"|only )?(?:kidding|joking)\b"
        r"|\b(?:forget|ignore|disregard|cancel|delete|erase|discard|drop) (?:it|that|this|what i|my (?:last"
        r"|previous|answer))\b"
        r"|\b(?:forget|ignore|disregard|discard) (?:everything|all|the above|the (?:previous|last"
        r"|first) (?:line|answer|letter))\b"
        r"|\b(?:but|except|however|though|although|only)\b[^.!?\n]{0,40}\b(?:does not|doesn't|did not|didn't"
        r"|do not|don't|won't"
        r"|will not|can't|cannot|never)(?: \w+ly)? (?:say|state|show|mention|support|back|confirm|justify"
        r"|warrant|bear|allow"
        r"|agree|claim|prove|fit|match)s?(?: (?:it|that|this|so|such a \w+|any of (?:it|this|that)|me))?(?: up"
        r"| out)?\s*(?:$|[.!,;])"
        r"|\b(?:what|as) (?:i|we|you|they|he|she|the \w+) (?:\w+ )?(?:want|wants|wanted|like|likes|liked|hope"
        r"|hopes|hoped|wish"
        r"|expect|expects|expected)\b"
        r"|\b(?:but|however|although|though|yet|if|unless|except)[^\w\ue000-\ue2ff]*$"
        r"|\b(?:scratch|strike|scrap) (?:that|this|it)\b|\bnever ?mind\b"
        r"|\bno longer (?:convinced|sure|certain|confident|think so|believe (?:so|it|that)|so sure|holds?"
        r"|stands?|stand by)\b(?! that| [\ue000-\ue2ff])"
        r"|\bnot (?:so |really |very )?(?:convinced|sure|certain) (?:any ?more|after all|now)\b"
        r"|\bi(?:'m|'ve|'ll| am| have)?(?: \w+)? chang(?:e|ed|ing) my mind\b|\blet me (?:start over|try again"
        r"|redo)\b|\bhold that thought\b"
        rf"|(?:^|[.!,;(\n-])\W*(?:but |and |though |hmm,? |wait,? |well,? |no,? |actually,? |sorry,? "
        rf"|however,? )*{_SUBJECT}"
        r"(?:'s| is| was| were| must be| has to be| would be| might be| may be| could be| seems| looks"
        r"| turns out to be"
        rf"| turned out to be| proves to be| \w+ to be| is \w+ly| was \w+ly| actually is| now seems"
        rf"| is actually)? {_BAD}{_ENDS}"
        rf"|(?:^|[.!,;(\n-])\W*(?:but |and |though |hmm,? |wait,? |well,? |no,? |actually,? )*{_SUBJECT} (?:\w+ )?"
        rf"(?:can't|cannot|can not|couldn't|isn't|wasn't|is not|won't|doesn't|does not|makes no sense|contradicts the)"
        r"(?: \w+){0,2}? ?(?:be (?:true|right|correct|it|the case)|right|correct|true|it|supported|so|work|fit"
        r"|make sense"
        rf"|add up|hold)?{_ENDS}"
        rf"|{_SUBJECT} makes no sense\b"
        rf"|\b(?:question|{_SUBJECT}) (?:cannot|can't|can not|couldn't|could not) (?:\w+ )?be (?:answered"
        rf"|determined|known"
        r"|decided|settled|told|verified|confirmed|excluded|true|right|correct)\b"
        r"|\bexcept (?:that |for the fact that )?(?:it|this|that|the description)\b[\w ]{0,20}(?:n't|\bnot)\b"
        r"|\bhard to (?:say|tell|know|be sure)\W*$|\b(?:can|could) (?:still )?be (?:excluded|ruled out"
        r"|eliminated|rejected)\b"
        r"|\boder (?:doch|auch|vielleicht) nicht\b|\bou (?:peut-être )?pas\b|\bo (?:tal vez|quizás|forse"
        r"|talvez) n[oã]o?\b"
        r"|\bили нет\b|或者?(?:也许|可能)?不是|不对|いや、|違う|아닐"
    )
)
"""What takes the choice before it back, gives up, or finds it wrong."""
_CORRECTED: Final = re.compile(
    r"\s*[-;,.!?(…→>]*\s*(?:(?:ah|oh|uh|hmm+|err?|ugh|well|but|or),? )?(?:no|nope|nah|oops|wait|sorry"
    r"|pardon|correction"
    r"|edit|update|strike that|scratch that|scrap that|i mean(?:t)?|make that|or rather"
    r"|rather)\b[^\w\ue000-\ue2ff]{1,5}"
    rf"(?:(?:no|it's|it is|the answer is|make it|i meant?|option"
    rf"|rather),? ){{0,2}}{SIGN}[^\w\ue000-\ue2ff]*(?:$|[.!\n])"
)
"""What puts another option in the place of the choice before it."""
_FRAME: Final = re.compile(
    anywhere(
        r"^\W*(?:examples?|format|template|sample|usage|prompt|instructions?)\b[^:]{0,20}:|\bas an example\b"
        r"|\baccording to (?!(?:the|this|these|our|your|its|what)\b)"
        r"|\b(?:only|but)(?: \w+)? (?:under|in|with|for|on) (?:an?|another|some|one|certain|other"
        r"|different) (?:\w+ )?(?:reading"
        r"|interpretation|circumstances?|conditions?|light|picture|image|scene|context|case|world|assumptions?"
        r"|scenario)"
        r"|\b(?:no|not(?: any)?|never|hardly|n't any) (?:better|likelier|more|closer|stronger|truer) \w* ?than\b"
        r"|\bis (?:just |only |merely |at best |nothing but )?an? (?:\w+ )?(?:guess|hunch|rumou?r|possibility"
        r"|candidate)\b"
        r"|\b(?:stands for|denotes|is short for)\b"
        r"|^(?!.*\b(?:only|one)\b).*\b(?:cannot|can't|can not|couldn't|could not) (?:\w+ )?be (?:ruled out"
        r"|excluded|eliminated"
        r"|dismissed|rejected|discarded)\b"
        r"|\bpossibility\b|\bis (?:also |still )?(?:an option|conceivable)\b"
        rf"|{SIGN} ?[:(-] ?\(?(?:maybe|perhaps|possible|possibly|unsure|unclear|\?|needs?|requires?|depends)(?![a-z])"
        rf"|\blooking at (?:option |choice )?{SIGN}|^\W*(?:here is|here's|here we have) (?:option |choice )?{SIGN}"
        rf"|{SIGN}[^\w(\ue000-\ue2ff]{{0,4}} ?(?:he|she|they|you|people|some|many|most|others|someone|everyone"
        r"|everybody"
        r"|the (?!description|text|image|picture|passage|caption|scene|evidence|chart"
        r"|option)\w+) (?:\w+ )?(?:say|says|said|think|thinks"
        r"|thought|claims?|claimed|writes?|wrote|whisper\w*|shout\w*|asks|asked|cried|cries|insist\w*|repl\w+"
        r"|answer(?:s|ed))\b"
        rf"|{SIGN}\W?,\W? ?(?:says|said|claims|claimed|whispers|whispered|shouts|shouted|asks|asked|cried|wrote"
        r"|replied|replies) [a-z]"
        rf"|\bthe hint \w+[^,]{{0,20}} {SIGN}|\bfor (?:the sake of|argument's sake)\b|^\W*say (?:the|it|that)\b"
        r"|\bin theory\b|\btheoretically\b"
        r"|\bin (?:some|other|certain|older|earlier|previous) (?!respects?\b|ways?\b|words?\b)\w+"
        r"|\bin an?(?:other)? (?:\w+ )?(?:world|universe|life|movie|film|story|novel|game|edition|version)\b"
        r"|\b(?:i|we) (?:was|were|had been) (?:\w+ )?(?:sure|certain|convinced|confident|positive)\b|\buntil\b"
        r"|\bbut for\b"
        r"|\banswer to (?:(?:question|problem|item|task|number) (?:no\.? ?|number |#)?\d+ was\b|another"
        r"|an? (?!question\b)\w+|that"
        r"|the (?:next|previous|last|other|first))\b|\b(?:might|may|could) (?:just )?as well\b"
        rf"|\b(?:cf|vide)\b\.? ?(?:option )?{SIGN}|\b(?:be|just|only|merely) guessing\b|\bscreenshot\b|\basks? for\b"
        r"|\b(?:nicht|kaum|nie|keineswegs|bezweifle|zweifle|pas|no creo|no pienso|non credo|non penso|não acho"
        r"|não creio|niet)\b"
        r"[^.]{0,30} (?:dass|que|che|dat|ob)\b"
        r"|'d have (?!to\b)|^\W*then\b[^,]*\bwould\b"
        r"|\b(?:with|without|given|under|in|an?) (?:\w+ )?(?:more|less|fewer|better|different|other|another"
        r"|additional)\b.*\bwould\b"
        r"|^\W*(?:next|first|firstly|secondly|thirdly|now|on to|back to|over to"
        rf"|start with)\b[,:]? (?:option )?{SIGN}\W*$"
        r"|\bfail to see\b|\bmy (?!answer|choice|guess|pick|vote|bet|option|response|selection|final|best"
        r"|first)[a-z]+ would\b|\bmy (?:old|last) (?:test|key)\b"
        r"|\b(?:told|asked|instructed|supposed|meant|trained|paid) to (?:answer|choose|say|pick|select|reply|write)\b"
        r"|\b(?:blind|random|wild|lucky|pure) guess\b|\bat random\b|\bguess(?:es|ing)? (?:blindly|randomly)\b"
        r"|\b(?:idea|notion|claim|belief|theory|suggestion|assumption|hypothesis|thought) that\b"
        r"|\b(?:little|nothing|hardly anything|not much|no one|few) to (?:suggest|support|indicate|say|show|point)"
        r"|\bthe last (?:person )?to (?:say|claim|answer|choose|think|pick)\b"
        r"|\b(?:provided|as long as|so long as|on (?:the )?condition) (?:that |it |this |(?:the|my"
        r"|your) \w+ (?:is|was|can|does))"
        r"|^\W*(?!(?:i|we|it|this|that|which|what|description|text|image|evidence|he|she|gut|step)\b)(?:my )?[a-z]+"
        r" (?:says|said|told (?:me|us)|tells (?:me|us)|claims|thinks|believes|insists|reckons|swears) (?:that "
        r"|it's |it is |the )"
        r"|\breminds? (?:me|us|one) of\b"
        r"|\b(?:in|for|from|of|to|with) (?:the|an?|this|that|our|your|my|another|some) (?:\w+ )?(?:example"
        r"|sample|demo\w*|(?:similar|different|previous|earlier) \w+"
        r"|template|illustration|last (?:question|task|round|quiz|test)|previous (?:question|task|round|image)"
        r"|other (?:question|task|image|picture|version))\b"
        r"|\b(?:example|sample|template|demonstration)s? (?:\w+ ){0,3}(?:says|ends|shows|has|reads|gives|uses"
        r"|begins|answer)"
        r"|\b(?:sample|example|worked|demo) (?:question|answer|reply|output|solution|response)\b"
        r"|\b(?:e\.g\.|for example|for instance|say,|such as|something like|words? like|as in)\W"
        r"|\b(?:in|use|using|follow\w*) (?:this|the|that|following|the following) (?:\w+ )?(?:format|form"
        r"|style|pattern)\b"
        r"|\b(?:last|next|another|that|first) time\b|\byesterday\b|\bback then\b|\bin (?:a|the) (?:past|dream|mirror)\b"
        r"|\bthe last (?:thing|answer|option|choice|one|letter) (?:that )?(?:i|you|one|we)\b|\bwhoever\b|\banyone who\b"
        r"|\b(?:false|untrue|wrong|incorrect|unlikely|doubtful|a myth|a lie|nonsense|absurd|not true|no proof"
        r"|no evidence"
        r"|no sign|no reason|no indication|impossible) (?:that|to)\b"
        r"|\b(?:would|do|did|could|can|will|should|must)(?:n't| not),|\bcannot,|\bnever,|\bno way\b"
        r"|\b(?:answer|option|choice|one|letter|candidate) (?:that |which |i |we |you )+(?:can|could|may|must"
        r"|should|would"
        r"|will|to) (?:\w+ )?(?:be )?(?:excluded?|ruled? out|eliminated?|rejected?|ignored?|avoid|avoided"
        r"|dropp?e?d?|skip|discard)\b"
        r"|\b(?:option|answer|choice|one) (?:that |which )?(?:i|we)(?:'d| would|'ll| will| can"
        r"| could) (?:\w+ )?(?:exclude|rule out"
        r"|eliminate|reject|ignore|avoid|drop|skip|discard|dismiss|doubt)\b"
        r"|\b(?:which|that|but|though|although) (?:i|we) (?:can't|cannot|can not|couldn't) (?:\w+ )?(?:verify"
        r"|confirm|check|prove|justify|support)"
        r"|\boptions (?:include|mention|are|contain|list|range from)\b"
        r"|\b(?:typical|usual|ordinary|average|generic|stock) (?!of\b)\w+\b|\b(?:typically|usually|normally"
        r"|often|in general)\b"
        r"|\bquestion is (?:about|whether|if)\b|\b(?:need|have|want|try|trying|remains?|difficult|hard|impossible) to"
        r" (?:find out|check|decide|determine|see|verify|know|tell|work out|figure out) (?:if|whether|what|which|how)\b"
    )
)
"""What a sentence speaks of if it mentions an option without choosing it."""
_SENTENCE: Final = re.compile(r"[^.!?;\n]*(?:\.(?!\s|$)[^.!?;\n]*)*(?:[.!?;]+|\n|$)")
_SPARED: Final = re.compile(r"\b(?:but|except|except for|than|from|besides|of) (?:option )?$")
"""Before an option that is the exception from what is said: "all but B can be excluded"."""
_IT_IS_NOT: Final = re.compile(r",? (?:it|this|that|they|there|he|she) \w+(?:n't| not)\b")
"""Follows an option "no" and takes nothing back."""
_TIED: Final = re.compile(
    rf"\b(\d\d?)\s?%[^%\n\ue000-\ue2ff]{{0,30}}{SIGN}[^%\n\ue000-\ue2ff]{{0,8}}\b\1\s?%[^%\n\ue000-\ue2ff]{{0,30}}{SIGN}"
    rf"|{SIGN}[^\w\ue000-\ue2ff]{{0,3}}(\d\d?)\s?%[^\ue000-\ue2ff]{{0,12}}{SIGN}[^\w\ue000-\ue2ff]{{0,3}}\2\s?%"
    r"|\bfifty[- ]fifty\b|\b50[-/]50\b|\btoss-?up\b|\bcoin (?:flip|toss)\b|\bflip a coin\b"
)
"""Two options to which a reply gives the same weight."""


def in_doubt(text: str, place: int, *, stated: bool) -> bool:
    """Whether a careful reader would doubt the choice of the option at this place.

    Args:
        text: a reply with signs.
        place: the chosen option's position; its signs encode it.
        stated: the choice is stated, not only the one that is mentioned.
    """
    own = re.compile(f"[{''.join(chr(kind + place) for kind in (0xE000, 0xE100, 0xE200))}]")
    text = text.replace("e.g. ", "e.g.: ")
    mentions = list(own.finditer(text))
    if not mentions:
        return False
    last = mentions[-1]
    after = text[last.end() :][:_LONGEST]
    if re.match(TEXT, last[0]):
        after = _IT_IS_NOT.sub("", after, count=1) if _IT_IS_NOT.match(after) else after
    other = re.search(SIGN, after)
    spared = _SPARED.search(text[max(0, last.start() - 30) : last.start()])
    if not spared and _TAKEN_BACK.search(after[: other.end()] if other else after):
        return True
    if other and _CORRECTED.match(after):
        return True
    if _TIED.search(text):
        return True
    if not is_plain(text, own, whole=not stated):
        return True
    mentioning = [found[0] for found in _SENTENCE.finditer(text) if own.search(found[0])]
    compared = re.compile(
        rf"\b(?:in contrast to|unlike|compared (?:to|with)|answer was) {own.pattern}|{own.pattern} was the answer\b"
    )
    return all(_FRAME.search(sentence[-_LONGEST:]) or compared.search(sentence) for sentence in mentioning)
