"""Words at which a sentence turns, takes back what was said, or excepts something from it.

For lower-cased text with signs, as in `vocabulary.py`.
"""
# ruff: noqa: RUF001 - words of other scripts

from __future__ import annotations

import re
from typing import Final

from prism_engine.scoring.choice.signs import SIGN

TURN: Final = re.compile(
    r"(?<![^\W\d_])(?:but|because|since|cuz|bc|coz|although|though|even though|even if|unless|albeit|despite"
    r"|in spite of|whereas|while|however"
    r"|yet|so that|so(?! (?:is|are|was|does|do)\b)|therefore|thus|hence|ergo"
    r"|(?<!me )(?<!out )(?<!such )(?<!emerges )(?<!serves )(?<!regarded )(?<!chosen )as(?= (?:it|the|this|that"
    r"|there)\b)"
    r"|still|nevertheless|nonetheless|instead(?! of)|which|making|leaving|leaves|und|aber|sondern|weil|denn|mais"
    r"|car(?= (?:la|le|les|il|elle|ce|on)\b)|donc|puisque|parce que|pero|sino|porque|así que|ya que"
    r"|ma|perché|quindi|poiché|mas|pois|portanto|maar|dus|а(?! не)|но|потому|поэтому|так как)(?![^\W\d_])"
    r"|[;()\[\]|]| - |(?<![\ue000-\ue2ff]):(?= ?(?:it|it's|not|this|that|i|i'd|i'll|we|my"
    r"|the (?:\w+ )?(?:answer|option|choice)|therefore)\b)|:(?= ?[\ue000-\ue1ff] (?:is|stays|remains|fits|wins"
    r"|works|matches)\b)| -(?= )|\b(?:or rather|scratch that|strike that|make that|no,? wait|i mean"
    r"|correction)\b|->|→|=>|而是|所以|因此|故|因为|但是|但|而(?!不|非)|が、|ため|지만|므로|따라서",
)
"""Where one clause ends and another begins, besides commas."""
REASON: Final = frozenset(
    (
        "although",
        "though",
        "even though",
        "even if",
        "albeit",
        "despite",
        "in spite of",
        "while",
        "whereas",
        "because",
        "cuz",
        "bc",
        "coz",
        "since",
        "as",
        "weil",
        "denn",
        "car",
        "puisque",
        "parce que",
        "porque",
        "ya que",
        "perché",
        "poiché",
        "pois",
        "omdat",
        "потому",
        "так как",
        "因为",
        "ため",
        "므로",
    )
)
"""Turns after which a clause gives a reason or concedes something: by itself it states nothing."""
CONCLUSION: Final = frozenset(
    (
        "so",
        "therefore",
        "thus",
        "hence",
        "ergo",
        "or rather",
        "scratch that",
        "strike that",
        "make that",
        "no wait",
        "no, wait",
        "i mean",
        "correction",
        "donc",
        "por lo tanto",
        "así que",
        "quindi",
        "portanto",
        "dus",
        "所以",
        "因此",
        "故",
        "따라서",
    )
)
"""Turns after which a clause concludes."""
CONTRAST: Final = frozenset(("but", "however", "yet", "aber", "mais", "pero", "ma", "mas", "maar", "но", "但是", "但"))
"""Turns after which weak evidence outweighs that before it."""
RECHECKED: Final = re.compile(
    r"\b(?:re-?(?:check|read|examin|evaluat|consider|think|visit|look)\w*|double[- ]check\w*|correct(?:ed|ion"
    r"|ing)|revis(?:ed|ing|e)|updated?|amended|(?:up)?on (?:review|reflection|closer|further)\b"
    r"|look(?:ing)? (?:again|closer"
    r"|more closely)|actually|let me (?:verify|check|think|look)|to be (?:sure|safe)|hmm)\b"
)
"""What announces another look: a statement may follow that replaces the first one."""
RETRACTED: Final = re.compile(
    r"(?:\b(?:wait|hold on|scratch (?:that|this)|strike (?:that|this)|scrap that|never ?mind|nvm|oops|hang on|my bad"
    r"|my mistake|on second thoughts?|(?:let me|let's|i'll|i (?:must|should|need to|have to|want to|will)) "
    r"(?:reconsider|rethink|revise|correct (?:myself|that|this|my)|change my)"
    r"|i (?:misread|misspoke|miscounted|overlooked|made an? (?:mistake|error)|was (?:wrong|mistaken)"
    r"|got (?:it|that|this) wrong)"
    r"|(?:can't|cannot|can not|couldn't|unable to) (?:decide|make up my mind)"
    r"|(?:not|no longer) (?:so |really )?sure (?:anymore|any more|(?:what|which) (?:the|one|is|option"
    r"|answer)))\b|\bactually,? no\b|^(?:hmm,? |but )?no[,.! ]*(?:wait|$"
    r"|that|this|it)"
    r"|\b(?:that|this|it|which)(?:'s| is| was| would be| seems| must be| can| could"
    r"|'d be)? ?(?:also )?(?:not (?:right|correct|it|true|supported)|wrong|incorrect|mistaken|a mistake|can't be"
    r"|cannot be|can't be right|isn't (?:right|correct|it)|(?:is not|isn't)(?=[.,!; ]*$)|doesn't (?:fit|work"
    r"|match)|does not (?:fit|work|match)))"
    r"|不对[,，。]|等等|等一下"
)
"""What takes back the last statement."""
NONE_FITS: Final = re.compile(
    r"\bnone (?:of (?:the|these|those) (?:given |provided |listed |above |available |answer )?(?:options?"
    r"|choices|answers|alternatives|above)|fits?|match(?:es)?|applies|apply|works?|is|are)\b"
    r"|\bno (?:given |listed |provided )?(?:option|choice|answer) (?:fits|matches|is (?:correct|right|given"
    r"|supported)|works|applies)\b"
    r"|(?:没有|无)(?:正确|合适的?|一个)?(?:选项|答案)"
)
NO_DOUBT: Final = re.compile(
    r"\b(?:no|without|beyond)(?: \w+)? doubt\b|\bnot only\b|\blittle doubt\b|\bno question(?: about (?:it"
    r"|that))?\b|\b(?:without|beyond) question\b|\bno wonder\b|\bno other(?: \w+)?\b|\bno ?[,:]"
    r"|\bnone of the other\w*(?: \w+)?\b|\bnot (?:entirely |completely |quite |absolutely |fully |100% "
    r"|totally )?(?:sure|certain)\b(?=\s*(?:[,.;:)-]|but|yet|though|however|$))"
)
"""Negations that deny no option."""
EXCEPT: Final = re.compile(
    rf"\b(?P<all>all|everything|every|each|any|anything|none|nothing|no)\b(?: [\w']+){{0,4}}? (?:but"
    rf"|except(?: for)?|(?:better|closer|more \w+|else) than|besides|other than|apart from) (?:option |choice "
    rf"|for )?(?P<sign>{SIGN})"
)
ASIDE_LABEL: Final = re.compile(
    r"(?:reject|discard|eliminat|exclud|wrong|incorrect|second|2nd|3rd|third|runner|alternativ|other|rest"
    r"|less likely|least|unlikely|why not|not|distractor|backup|fallback|"
    r"ruled? out|dismiss|next|explanation of|mistake|错误|排除|其他|falsch|autres|otras|false)"
)
"""Labels and headings of what is said about the other options."""
