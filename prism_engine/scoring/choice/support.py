"""Whether a reply chooses an option in plain words; a choice in other words only is doubtful.

"The prompt tries to make me say B" and "it is premature to answer B" have the grammar of a statement, and a word that
no list of reservations has. So the lists here are of the opposite kind: a choice needs a clause in which
the words before it are those of statements. For lower-cased text with signs (`signs.py`).
"""

from __future__ import annotations

import re
from typing import Final

from prism_engine.scoring.choice import vocabulary as words
from prism_engine.scoring.choice.signs import SIGN
from prism_engine.scoring.choice.turning import EXCEPT, TURN

_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_BREAK: Final = re.compile(rf"{TURN.pattern}|,(?!\d)|[.!?](?=\s|$)|\n|(?<=[\ue000-\ue2ff]):")
_SEEN: Final = re.compile(
    rf"^\W*(?:and |then |all )*(?:the|this|that|these|those|his|her|its|their|such|an?)\b[^\ue000-\ue2ff]*?"
    rf"\b{words.POINTS}(?= (?:only |best |most )?(?:with |to )?(?:option |choice |answer )?\W?{SIGN})"
)
"""What the evidence for an option is, in any words."""
_OTHER_SCRIPT: Final = re.compile("[\u0370-\ud7ff\uf900-\uffdc]")
"""Scripts in which words are inflected or not separated, so that a list of them is no use."""
_EVIDENCE: Final = """
    description descriptions image picture photo photograph text passage caption scene chart figure graph map diagram
    table detail details fact facts evidence information context question statement statements sentence sentences line
    reasoning analysis findings data clue clues sign signs observation observations content document source account
    wording phrase phrasing key part word words premise premises logic argument arguments support case point inference
    description's text's image's answer's picture's
    clear stated states stating described describes mentioned mentions shown show given based provided above see seen
    read reads reading looking considering considered comparing weighing weighs tips leads lead led emerges come comes
    gives give found find finds explains explain identified combining combined following follow follows strikes says
    speaks outweighs asks asked there's about between toward towards with without except than every each everything both
    anything else such this last first second third step after again also always any other others ahead away identical
"""
_COMMITTING: Final = """
    let settling settled locking locked submitting submit answering answered answer stick sticking putting put wager
    betting bet take taking gather change changed changes changing switch switched switching revise revised revising
    update updated edit correct corrected marking write writing enter circle tick report declare gonna inferred forced
    had gun head mind guessing money's money thinking believing stand concluding resort deciding decide decided opted
    opting finalize finalise beleive ill shld wanna pls plz omg bruh lol teh hey dnswer answ assistant response reply
    new top primary overall main definitive possible such evident safe safest easy course bottom lot margin wide day
    glove respect time instance balance whole total sum summing careful thorough review thought consideration further
    closer inspection reflection comparison evaluation examination assessment consequently accordingly therefore
    subsequently otherwise none odds ample why your you should would one inclined intended doubt accounts account
    standing
    rank ranks ranking ranked likely rule out change or q st 1st mention really beyond
    reason reasons means obtain reach reached went goes took chose picked winning winner narrowed narrow remaining
    preference
    fine great long story short put overall rating score highest strongest closest nearest fit match matching decision
    verdict result hand end ends ended well fairly quite pretty close enough number letter let's okay alright anyway
"""
_DEGREES: Final = """
    exactly precisely explicitly directly closely strongly squarely overwhelmingly completely fully entirely perfectly
    really truly simply largely mostly easily comfortably neatly cleanly unambiguously undoubtedly unquestionably
    evidently plainly honestly frankly basically essentially naturally necessarily conclusively convincingly reasonably
    consistently accurately literally explicit slightly somewhat rather far
"""
_LANGUAGES: Final = """
    richtige richtigen korrekte korrekten lautet meine mein folgt dass gewählte endgültige finale besten ehesten
    plausibelste
    wahrscheinlichste passende am zur beschreibung text entspricht spricht sind werden kann eindeutig antworten
    bonne juste exacte finale l l'option ma mon plus probable pencherais donne description correspond selon d'après
    mi más adecuada está probable final descripción texto apoya según letra indica corresponde debe ser
    mia più probabile finale descrizione testo lettera indica deve essere certa sarebbe corretto
    minha mais provável adequada está descrição indica deve ser letra certa seria
    mijn meest waarschijnlijke beste beschrijving eindantwoord moet zijn
    moja poprawna prawidłowa prawidłowy końcowa mitt min mitä riktige riktiga rigtige rätta benim bence của nghĩ đúng
    nhất memilih jawabannya paling tepat doğrudur
"""
_KNOWN: Final = frozenset(
    _WORD.findall(
        " ".join(
            (
                *(_EVIDENCE, _COMMITTING, _DEGREES, _LANGUAGES, words.FILLER.pattern, words.ANSWER, words.CHOOSE),
                *(words.SPEAKER, words.POINTS, words.RIGHT, words.INSTEAD),
            )
        )
    )
)


def is_plain(text: str, own: re.Pattern[str], *, whole: bool) -> bool:
    """Whether a clause of this text has no other words before an own sign than those of statements.

    Args:
        text: a reply with signs.
        own: matches the signs of the chosen option.
        whole: no other words behind the sign either.
    """
    start = 0
    for stop in (*(found.span() for found in _BREAK.finditer(text)), (len(text), len(text))):
        sign = own.search(text, start, stop[0])
        if sign and (sign[0] >= "\ue200" or _is_plain(text[start : stop[0] if whole else sign.end()])):
            return True
        start = stop[1]
    return False


def _is_plain(clause: str) -> bool:
    return (
        _OTHER_SCRIPT.search(clause) is not None
        or EXCEPT.search(clause) is not None
        or _KNOWN.issuperset(_WORD.findall(_SEEN.sub("", clause)))
    )
