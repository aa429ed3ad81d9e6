"""Rotates a question's options, unless an option or the question refers to other options by letter or position."""
# ruff: noqa: RUF001 - the references are found in Chinese and other scripts as well

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from prism_engine.records import Option

if TYPE_CHECKING:
    from prism_engine.records import Sample

OPEN_QUESTION: Final = "no options"
ONE_OPTION: Final = "only one option"
SAME_TEXT: Final = "two options have the same text"
NO_LETTER: Final = "the target is none of the options' letters"
NAMES_OTHERS: Final = "an option refers to others"
NAMED_IN_QUESTION: Final = "the question names its options by letter"

_HEADS: Final = (
    r"(?:above|below|foregoing|aforementioned|preceding|previous|rest|others|options?|choices?|answers?|alternatives?"
    r"|possibilities|statements?|listed|mentioned)"
)
_FILLERS: Final = (
    r"(?:(?:of|the|these|those|other|two|three|given|listed|provided|available|mentioned|stated|offered)\s+)"
)
_ORDINALS: Final = r"(?:first|second|third|fourth|fifth|last|previous|preceding|next|other|remaining)"
_NOUNS: Final = r"(?:options?|choices?|answers?|alternatives?)"
_REFERENCES: Final = re.compile(
    # English: "all of the above", "none of these", "both", "more than one of the options", "not listed above"
    rf"\b(?:all|none|any|both|neither|either|each|one|two|some|most|every(?:thing)?|nothing)\s+{_FILLERS}{{0,4}}{_HEADS}\b"
    r"|\b(?:all|none|any|both|neither|either|each|one|two|some)\s+of\s+(?:the\s+)?(?:these|those|them|this|two|three)\W*$"
    r"|^\W*(?:all|both|neither|either|any|(?:all|none)(?=\s+(?:are|is)\b))(?:\s+(?:are|is)\s+(?:correct|right|true|wrong|false|incorrect))?\W*$"
    r"|\b(?:not|never)\s+(?:\w+\s+)?(?:listed|given|mentioned|shown|stated|named)\s+(?:above|below)\b"
    r"|\b(?:as|than)\s+(?:the\s+)?above\b"
    r"|\bthe\s+above\W*(?:$|(?:are|is|options?|choices?|answers?|statements?)\b)"
    rf"|\b{_ORDINALS}\s+(?:\w+\s+){{0,2}}{_NOUNS}\b"
    rf"|\b{_NOUNS}\s+\(?(?:[a-z]\)?|\d)(?!\w)"
    # German, Dutch
    r"|\b(?:alle[rs]?|kein(?:e[rs]?)?|beide|nichts)\b.{0,20}\b(?:genannte[nr]?|oben|obige[nr]?|davon|antworten|optionen)\b"
    r"|\b(?:alle|geen|beide)\b.{0,20}\b(?:bovenstaande|antwoorden|opties)\b"
    # French
    r"|\b(?:toutes?|tous|aucune?|les\s+deux)\b.{0,25}(?:\b(?:réponses?|précédente?s?|propositions?|options?)\b|ci-dessus)"
    # Spanish, Portuguese, Italian
    r"|\b(?:tod[ao]s|ningun[ao]|ningún|nenhuma?|tutt[ei]|nessun[ao]?|amb[ao]s|entramb[ei])\b.{0,25}"
    r"\b(?:anteriore?s|opciones|respuestas|opções|alternativas|respostas|precedenti|opzioni|risposte|arriba|acima)\b"
    # Russian, Turkish, Arabic
    r"|(?:\bвс[её]|\bни\s+од|\bничего|\bоба\b|\bнет\s+верн).{0,25}(?:перечисленн|вариант|ответ|из\s+них|указанн|выше)"
    r"|\b(?:yukarıdaki|hepsi\b|hiçbiri\b|her\s+ikisi\b)|(?:مما|ما)\s+سبق|(?:جميع|كل)\s+(?:ال)?(?:إجابات|خيارات)"
    # Chinese, Japanese, Korean
    r"|(?:以上|上述|前述).{0,6}(?:都|皆|均|全|所有|答案|选项|選項|不|非|没|無)|(?:所有|全部)(?:选项|選項|答案)"
    r"|^\W*(?:都|皆|均|全部?|两者都?|兩者都?)(?:不|没)?(?:是|对|對|正确|正確|错|錯)\W*$|(?:选项|選項|答案)\s*[a-z](?![a-z])"
    r"|(?:上記|以上|これら|いずれ|どれ).{0,8}(?:すべて|全て|ない|両方|でも)|すべて正し|(?:위|이상|보기).{0,6}(?:모두|전부|없|아닌|아니)",
    re.IGNORECASE,
)
"""References to other options that no letter gives away. All repetitions are bounded."""

_STANDALONE: Final = re.compile(
    r"(?<![A-Za-zÀ-ɏ0-9_'’.°])(?<![0-9][ \u00a0])(?<!°[ \u00a0])([A-Z])"
    r"(?![A-Za-zÀ-ɏ0-9_'’+#°]|-[a-z]|\.[A-Z]|\.[ ][A-Z][a-z])"
)
"""A capital letter on its own; not a unit after a number (20 C), part of a name (D.C., Franklin D. Roosevelt), C++."""
_ARTICLE: Final = re.compile(r"[AI][ ](?!(?:and|or|nor|only|alone|with|plus)\b)[A-Za-z]{2,}")
"""An English article or pronoun."""
_LOWER: Final = re.compile(
    r"\W*(?:both |either |neither |only )?\(?[a-z]\)?(?:(?:(?: ?, ?| ?& ?| and | or | nor )\(?[a-z]\)?){1,9}(?: only)?"
    r"| only| alone)\W*"
)
_MARKER: Final = re.compile(
    r"(?:^|(?<=[\s(,;]))([A-Z])(?=[).:]\s)|(?<=\()([A-Z])(?=\))|^[ \t]*+([A-Z])(?=[、．：])", re.MULTILINE
)
_NAMED: Final = re.compile(
    rf"(?i:\b{_NOUNS})[ \t]+\(?(?!A[ ](?!(?:and|or|nor|is)\b)[a-z])[A-Z]\)?(?![A-Za-z0-9_'’])|(?:选项|選項)\s*[A-Z]"
)
_SEARCHED: Final = 4_000
"""Maximum characters of a text that is searched for references."""


def why_order_kept(sample: Sample) -> str | None:
    """Return why a question keeps the order of its options; None if they can be rotated.

    Options that name others ("All of the above", "Both A and B", "none of these") mean something else at another
    place, so when in doubt a question keeps its order. The reasons are constants of this module.
    """
    options = sample.options
    if len(options) < 2:
        return ONE_OPTION if options else OPEN_QUESTION
    if len({option.text.strip() for option in options}) < len(options):
        return SAME_TEXT
    letters = {option.letter for option in options}
    if sample.answer is not None and sample.answer.strip() not in {"", *letters}:
        return NO_LETTER
    if any(_names_others(option.text[:_SEARCHED], letters) for option in options):
        return NAMES_OTHERS
    asked = "\n".join(filter(None, (sample.question, sample.hint)))[:_SEARCHED]
    return NAMED_IN_QUESTION if _names_options(asked, letters) else None


def rotated(sample: Sample, shift: int) -> Sample:
    """Return the question with each option's text moved up by `shift` places, the first ones to the end.

    The letters stay in their order, and the target is the letter that the right text now has. A shift of 0 returns an
    equal sample.
    """
    options = sample.options
    texts = [option.text for option in options]
    moved = tuple(
        Option(option.letter, text) for option, text in zip(options, [*texts[shift:], *texts[:shift]], strict=True)
    )
    letters = [option.letter for option in options]
    target = (sample.answer or "").strip()
    answer = letters[letters.index(target) - shift] if shift and target in letters else sample.answer
    return replace(sample, options=moved, answer=answer)


def _names_others(text: str, letters: set[str]) -> bool:
    if _REFERENCES.search(text):
        return True
    if _LOWER.fullmatch(text) and {each.upper() for each in re.findall(r"\b[a-z]\b", text)} <= letters:
        return True
    return any(found[1] in letters and not _ARTICLE.match(text, found.start()) for found in _STANDALONE.finditer(text))


def _names_options(question: str, letters: set[str]) -> bool:
    if _NAMED.search(question):
        return True
    marked = {found[1] or found[2] or found[3] for found in _MARKER.finditer(question)}
    return len(marked & letters) > 1
