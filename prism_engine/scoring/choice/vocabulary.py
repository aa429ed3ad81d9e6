"""Words that make, deny or qualify a statement about an option, by their part in it, in the languages of replies.

All patterns are for lower-cased text with signs (`signs.py`). Words of languages with spaces match as whole words,
those of Chinese, Japanese and Korean anywhere.
"""
# ruff: noqa: RUF001 - words of other scripts

from __future__ import annotations

import re
import unicodedata
from typing import Final

from prism_engine.scoring.choice.signs import SIGN


def whole_words(spaced: str, joined: str = "") -> str:
    """Return a pattern of whole words, separated by `|`, and of words that may stand inside a run of characters."""
    words = re.sub(r"\n\s*", "", spaced)
    whole = rf"(?<![^\W\d_])(?:{words})(?!'?[^\W\d_])"
    return unicodedata.normalize("NFKC", f"(?:{whole}|{joined})" if joined else whole)


SINGULAR: Final = (
    r"\s(?:is|isn't|was|does|doesn't|has|lacks|fails|contradicts|matches|describes|fits|cannot|can't|would|seems)\b"
)
"""What makes the option before it the subject of its own clause."""

LIST: Final = (
    rf"{SIGN}(?:\s?(?:/|&|、|和|或|与|and/or|as well as|along with|together with|vs\.?|(?:, ?)?"
    r"(?:and|or|nor|und|oder|et|ou|y|e|o|en|of|и|или|i)(?= )|と|や|か)"
    rf"\s?(?:also |possibly |maybe |even |option |options |choice |in option )?{SIGN}){{1,30}}"
)
ONE_OR_MORE: Final = f"(?:{LIST}|{SIGN})"

ANSWER: Final = whole_words(
    """answer|ans|option|choice|letter|alternative|solution|conclusion|selection|response|prediction|result|verdict
    |pick|guess|match|candidate|one|output|selected|chosen|decision|best|correct|right|antwort|lösung|option
    |richtig|réponse|reponse|respuesta|opción|risposta|opzione|soluzione|resposta|opção|alternativa|antwoord
    |optie|svar|svaret|vastaus|odpowiedź|odpověď|cevap|yanıt|jawaban|đáp án|câu trả lời|lựa chọn|răspuns|válasz
    |ответ|вариант|відповідь|απάντηση|choix|elección|scelta|escolha|keuze|wahl|выбор|الإجابة|الجواب|الاجابة|إجابة
    |جواب|الخيار|उत्तर|विकल्प|जवाब|תשובה|התשובה|คำตอบ|پاسخ|گزینه|উত্তর|பதில்""",
    "答案|正确选项|正解|答え|回答|解答|選択肢|정답|답은|답:|答:|选项|คำตอบ",
)
"""What an answer is called, as a subject or as a label."""

LINK: Final = (
    r"(?:is|was|are|be|being|would be|should be|must be|will be|has to be|seems to be|appears to be"
    r"|turns out to be|becomes"
    r"|remains|lies in|'s|er|:|=>|=|->|→|-|ist|lautet|wäre|est|es|è|é|sarebbe|sería|seria|serait|is|är|to|on|là"
    r"|adalah|هي|هو|है"
    r"|είναι|является"
    r"|est donc|是|为|為|選|选|は|が|은|는|이)"
)

CHOOSE: Final = whole_words(
    r"""choose|prefer|select|pick|go with|going with|go for|going for|opt for|opting for|settle on|vote for|vote
    |guess|say|answer|bet on|lean|mean|meant|lean toward|lean towards|leaning toward|leaning towards|leaning|lean to
    |conclude with|favor|favour|take|submit|choose option
    |my (?:intuition|gut|instinct|money|vote)(?: feeling)? (?:says|is on|goes to|tells me)|mark|count|get
    |my money's on|(?<=i'm )(?:choosing|picking|selecting)|chang\w+ (?:it|that|my (?:\w+ )?answer) to|rispondo
    |respondo|réponds|antworte|arrive at|wähle|nehme|choisis|choisirais|elijo|elegiría|escojo|scelgo|sceglierei
    |escolho|escolheria|kies
    |выбираю|wybieram|أختار""",
    "选择|选|選択|選ぶ|选取|고른다|선택",
)
"""Verbs by which a speaker commits; the speaker is `SPEAKER`, or none is named."""

POINTS: Final = whole_words(
    r"""points? to|pointing to|supports?|suggests?|indicates?|favou?rs?|matches|match|corresponds? to
    |consistent with|agrees with|aligns with|fits|describes|leads? to|implies|shows|described by|mentioned in
    |reflected in|covered by|provided by|given by|captured by|represented by|confirms|identifies|narrows? down to
    |brings us to|makes|indication of|compatible with|belongs? (?:only )?to|yields?|leaning (?:\w+ )?towards?
    |money on|points? towards?|pointing towards?|lines? up with|in line with|matched (?:with|to)|backs|backs up
    |settles? for|settling for|depicts|portrays|illustrates|closer to|closest to|nearer to|description is about
    |resembles|hints? at|leans? (?:to|towards?)|speaks? for|argues? for|keep|keeps|keeping"""
)
"""What evidence does to the option that it supports."""

RIGHT: Final = whole_words(
    r"""correct|right|best|better|true|accurate|appropriate|answer|answers|supported|consistent|valid|suitable
    |likely|likelier|likeliest|plausible|probable|fits|fit|matches|match|works|holds|stands|describes|corresponds|yes
    |remains|remain|winner|wins|satisfies|agrees|aligns|wählen|nehmen|sagen|passes|survives|prevails|stays
    |precise|specific|complete|convincing|safest|strongest|choose|choice|pick|selected|chosen|reasonable|fitting
    |what(?:'s| is| the (?:description|text|image|picture|passage|caption|scene)) (?:says|shows|states|describes|left
    |described|shown|depicted|implied|mentioned|stated|written)|intended|meant|stimmt|zutrifft|trifft zu|passt
    |what the question (?:is looking for|asks for|wants)|sensible|logical|natural|obvious|credible|defensible
    |compelling|apt|spot on|on point|perfect|ideal|checks out
    |holds up|adds up|(?:directly|explicitly|clearly|plainly) (?:stated|mentioned|described|shown)|follows
    |can be inferred
    |preferable|stands out|wins|superior|what's asked(?: for)?|my (?:final )?(?:answer|choice|pick)
    |ticks all the boxes|ticks every box|makes sense|a (?:\w+ )?match|closest|confirmed|richtige?|korrekte?
    |correcte|juste|vraie|correcta|correcto|correta|correto|corretta|giusta
    |juist|verdadera|verdadeira|верно|верный|правильный|правильно|正しい""",
    "正确|对的|符合|正しい|正解|맞|옳|✓",
)
"""What a right option is."""


NOT: Final = whole_words(
    """not|nothing|nobody|isn't|aren't|wasn't|don't|doesn't|didn't|can't|cannot|couldn't|won't|wouldn't|shouldn't
    |haven't|hasn't|never|nor|neither|no|hardly|far from|refuses?|refused|decline to|nicht|kein|keine|pas|ni|jamais
    |nunca|non|né|não|nem|niet|geen|не
    |нет|ni|nie|ikke|inte|değil|không|bukan|tidak|नहीं|ليس|ليست|لا""",
    "不应|不该|不要|不可|不宜|未必|不一定|别选|勿选|不是|并非|而非|并不|没有|不能|不会|不选|ではな[くい]|じゃな[くい]|でな[くい]|아니|않",
)
WRONG: Final = whole_words(
    r"""wrong|incorrect|false|mistaken|invalid|unlikely|impossible|implausible|improbable|unsupported|irrelevant
    |inconsistent|inaccurate|untrue|un(?:proven|clear|certain|verified|confirmed|founded|justified|convincing)
    |(?<!checks )(?<!stands )(?<!turns )(?<!comes )(?<!points )out|off|ruled out|eliminated|excluded|discarded
    |rejected|dismissed|disqualified|crossed out|refuted
    |contradicts?|contradicted|lacks?|fails?|failed|misses|ignores?|overlooks?|misreads|mismatch\w*|conflicts?
    |disagrees|violates?|less likely|less plausible|less accurate|less well|worse|too \w+|only partly|partially
    |out of the question|unmentioned|unrelated|distractors?|traps?|lures?|decoys?|absent|missing|nowhere|falsch
    |unzutreffend|ausgeschlossen|fausse?|incorrecte?|incorrect[ao]s?|fals[ao]|errat[ao]|sbagliat[ao]|incorret[ao]
    |scorrett[ao]|onjuist|fout|неверн\w+|неправильн\w+|ошибочн\w+|nieprawidłow\w+|błędn\w+|yanlış|sai|salah
    |خاطئة?|गलत""",
    "错误|错的|不对|不正确|不符|不合|排除|错|誤り|間違|不正解|틀|오답|잘못|✗",
)
"""What a wrong option is."""
ELIMINATE: Final = whole_words(
    """eliminat(?:e|es|ed|ing)|exclud(?:e|es|ed|ing)|rul(?:e|es|ed|ing) out|reject(?:s|ed|ing)?|skip(?:s|ped
    |ping)?|forget(?: about)?|ignore|ditch|scrap
    |discard(?:s|ed|ing)?|den(?:y|ies|ied|ying)|dismiss(?:es|ed|ing)?|cross(?:es|ed|ing)? out|cross(?:es|ed|ing)? off
    |strik(?:e|es|ing) out|remov(?:e|es|ed|ing)|drop(?:s|ped|ping)?|doubt|doubts|avoid|avoiding|throw out
    |set aside|ausschließen|éliminer|descartar|descarto|scartare|исключаем|исключить""",
    "排除|除去|除外",
)
"""Verbs whose object is denied."""
INSTEAD: Final = whole_words(
    """rather than|instead of|as opposed to|in place of|beats|over|unlike|other than|apart from|aside from|besides
    |at odds with|in conflict with|inconsistent with|incompatible with|contradicts?|contradicting|speaks against|against
    |than|and not|but not|ahead of|not|isn't|aren't|wasn't|cannot be|can't be|couldn't be|never|nor|neither
    |none of|don't pick|don't choose|statt|anstatt|nicht|plutôt que|et non|pas|en lugar de|en vez de|y no|no|ni
    |anziché|invece di|e non|non|em vez de|e não|não|niet|а не|не|nie|değil""",
    "而不是|不是|并非|而非|不选|非",
)
"""What stands directly before options that are denied."""


FILLER: Final = re.compile(
    whole_words(
        """so|thus|therefore|hence|ergo|it|it's|its|is|that|that's|that'd|this|must|be|has|have|to|would|'d|will|shall
    |should|then|clearly|obviously|evidently|definitely|certainly|surely|probably|likely|maybe|perhaps|possibly
    |simply|indeed|actually|rather|instead|only|just|leaves|leaving|leave|left|remain|remains|remaining|with|us
    |we|me|get|are|option|options|choice|letter|answer|the|a|an|and|i|i'd|i'll|i'm|we'd|think|believe|guess|say
    |might|can|may|could|most|best|better|correct|right|one|my|final|as|well|yes|yeah|yep|no|nope|ok|okay|sure
    |well|hmm|ah|oh|because|since|for|by|of|at|in|on|out|all|it'll|logical|logically|elimination|process
    |deduction|therefore|we're|are|am|go|going|choose|select|pick|point|points|seems|seem|appears|appear|looks
    |like|more|here|now|finally|overall|ultimately|conclusion|summary|short|tl|dr|fact|opinion|view|eventually|up
    |down|ending|end|still|yet|very|quite|too|there|what|which|who|where|who's|number|final|selected|chosen|given
    |options|among|from|these|those|them|was|were|turns|out|being|single|sole|leftover|choices|candidate
    |possibility|answers|fits|matches|works|makes|make|mean|means|sense|valid|plausible|reasonable|probable
    |likeliest|favourite|favorite|fairly|pretty|absolutely|confident|confidently|sure|certain|suppose|suspect
    |reckon|feel|intuition|gut|survives|passes|prevails|stays|doubt|conclude|infer|deduce|declare|assume|imagine
    |hold|tentatively|presumably|apparently|sehr|ist|es|das|die|der|ich|sage|bleibt|somit|daher|richtig|antwort
    |lösung|demnach|folglich|c'est|ce|la|le|les|donc|est|réponse|bonne|correcte|il|reste|es|la|respuesta|correcta
    |entonces|queda|por|lo|tanto|opción|è|quindi|risposta|resta|l'opzione|corretta|giusta|é|a|o|resposta|correta
    |então|resta|letra|het|dus|antwoord|juiste|blijft|это|значит|ответ|правильный|вариант|остаётся|остается|итак
    |верный|jest|to|odpowiedź|więc|svaret|är|jawaban|adalah|yang|benar|là|đáp|án|cevap|doğru|هي|هو|الإجابة
    |الصحيحة|है|उत्तर|सही|विकल्प|जवाब|הוא|התשובה|je|pense|que|dirais|crois|option|s'agit|denke|glaube|würde|sagen
    |damit|nur|tippe|auf|creo|diría|pienso|penso|credo|che|sia|direi|acho|eu|diria|ik|denk|kies|kloppen|klopt
    |думаю|считаю|полагаю|я|скорее|всего|मेरा|मुझे|लगता|este|răspunsul|corect|det|rigtige|er|správná|je|odpověď
    |helyes|válasz|a|oikea|vastaus|on|rätt|riktiga|şıkkı|şıkkıdır|seçeneği|seçeneğidir|def|gotta|prolly|tbh|imo
    |imho|lol|obv|handelt|sich|um|إجابتي|является|ответом|me|quedo|con|yo|ga|voor|moim|zdaniem|विचार|से|के|मेरे|heavily|strongly|smh|duh|ofc|definately|definitly|it'd|one's|sería|also|muss|sein|meiner|meinung|nach|secondo|volgens|mij|nah|nvm|wait|lets|id|de|j'opte|opte|pour|entscheide|mich|für|że|myślę|wybieram|cevabım|chọn|tôi|pilih|saya
    |väljer|jag|velger|jeg|vælger|valitsen|dat|vybírám|επιλέγω|got|what's|prob|probs|probly|im|idk|dunno|wud|say|stimmt|trifft|zu|passt|specifically|kinda|totally|legit|dass
    |übrig|bleiben|somit|rimane""",
        "私は|私|を|選びます|選ぶ|라고 생각합니다|라고|생각합니다"
        "|所以|因此|我认为|我觉得|我|认为|觉得|综上|最佳|最好|最符合|と思います|思います|と考え|선택지|제|생각에는|생각|答案|選択肢|よって|したがって|正しい|の|正确|选择|选项|选|应该|应"
        "|是|为|故|本题|即|就是|最终|最|只有|只|仅|剩下|剩余|剩|です|だ|が|は|答え|なのは|のは|라고|가장|적절한|最も|適切|適当|妥当|選びます|選択します|思われます|考えられます|と|고르겠습니다|선택합니다|생각합니다|맞습니다|옳습니다|것|같습니다|恰当|合适|合理|答え|正解|正しい|입니다|이다|정답|답|은|는|가|따라서",
    )
)
"""Words that add nothing to a statement: with one sign between them, the sign is the statement."""

SPEAKER: Final = whole_words(
    "i|i'd|i'll|i'm|im|id|imma|lets|i've|we|we'd|we'll|my|let's|me|us|ich|je|yo|io|eu|ik|я|you should|you must|please",
    "我",
)
