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


def _words(spaced: str, joined: str = "") -> str:
    """Return a pattern of whole words, separated by `|`, and of words that may stand inside a run of characters."""
    words = re.sub(r"\n\s*", "", spaced)
    whole = rf"(?<![^\W\d_])(?:{words})(?!'?[^\W\d_])"
    return unicodedata.normalize("NFKC", f"(?:{whole}|{joined})" if joined else whole)


SINGULAR: Final = (
    r"\s(?:is|isn't|was|does|doesn't|has|lacks|fails|contradicts|matches|describes|fits|cannot|can't|would|seems)\b"
)
"""What makes the option before it the subject of its own clause."""

LIST: Final = (
    rf"{SIGN}(?:\s?(?:/|&|、|和|或|与|and/or|vs\.?|(?:, ?)?"
    r"(?:and|or|nor|und|oder|et|ou|y|e|o|en|of|и|или|i)(?= )|と|や|か)"
    rf"\s?(?:also |possibly |maybe |even |option |options |choice |in option )?{SIGN}){{1,30}}"
)
ONE_OR_MORE: Final = f"(?:{LIST}|{SIGN})"

ANSWER: Final = _words(
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
    r"|remains|lies in|'s|er|:|=>|=|->|→|-|ist|lautet|wäre|est|es|è|é|sarebbe|is|är|to|on|là|adalah|هي|هو|है"
    r"|είναι|является"
    r"|est donc|是|为|為|選|选|は|が|은|는|이)"
)

CHOOSE: Final = _words(
    """choose|prefer|select|pick|go with|going with|go for|going for|opt for|opting for|settle on|vote for|vote
    |guess|say|answer|bet on|lean toward|lean towards|leaning toward|leaning towards|leaning|lean to
    |conclude with|favor|favour|take|submit|choose option
    |my (?:intuition|gut|instinct|money|vote)(?: feeling)? (?:says|is on|goes to|tells me)|mark|count|get
    |arrive at|wähle|nehme|choisis|choisirais|elijo|elegiría|escojo|scelgo|sceglierei|escolho|escolheria|kies
    |выбираю|wybieram|أختار""",
    "选择|选|選択|選ぶ|选取|고른다|선택",
)
"""Verbs by which a speaker commits; the speaker is `SPEAKER` or nobody."""

POINTS: Final = _words(
    """points? to|pointing to|supports?|suggests?|indicates?|favou?rs?|matches|match|corresponds? to
    |consistent with|agrees with|aligns with|fits|describes|leads? to|implies|shows|described by|mentioned in
    |reflected in|covered by|provided by|given by|captured by|represented by|confirms|identifies|narrows? down to
    |brings us to|makes"""
)
"""What evidence does to the option that it supports."""

RIGHT: Final = _words(
    """correct|right|best|better|true|accurate|appropriate|answer|answers|supported|consistent|valid|suitable
    |likely|likeliest|plausible|probable|fits|fit|matches|match|works|holds|stands|describes|corresponds|yes
    |remains|remain|winner|wins|satisfies|agrees|aligns|wählen|nehmen|sagen|passes|survives|prevails|stays
    |precise|specific|complete|convincing|safest|strongest|choose|choice|pick|selected|chosen|reasonable|fitting
    |closest|confirmed|richtig|korrekt|correcte|juste|vraie|correcta|correcto|correta|correto|corretta|giusta
    |juist|verdadera|verdadeira|верно|верный|правильный|правильно|正しい""",
    "正确|对的|符合|正しい|正解|맞|옳|✓",
)
"""What a right option is."""

ONLY_PLAUSIBLE: Final = _words(
    "plausible|possible|tempting|close|considered|conceivable|attractive|reasonable|similar|could be"
)

NOT: Final = _words(
    """not|nothing|nobody|isn't|aren't|wasn't|don't|doesn't|didn't|can't|cannot|couldn't|won't|wouldn't|shouldn't
    |haven't|hasn't|never|nor|neither|no|hardly|nicht|kein|keine|pas|ni|jamais|nunca|non|né|não|nem|niet|geen|не
    |нет|ni|nie|ikke|inte|değil|không|bukan|tidak|नहीं|ليس|ليست|لا""",
    "不是|并非|而非|并不|没有|不能|不会|不选|ではな[くい]|じゃな[くい]|でな[くい]|아니|않",
)
WRONG: Final = _words(
    r"""wrong|incorrect|false|mistaken|invalid|unlikely|impossible|implausible|improbable|unsupported|irrelevant
    |inconsistent|inaccurate|untrue|un(?:proven|clear|certain|verified|confirmed|founded|justified|convincing)
    |out|off|ruled out|eliminated|excluded|discarded|rejected|dismissed|disqualified|crossed out|refuted
    |contradicts?|contradicted|lacks?|fails?|failed|misses|ignores?|overlooks?|misreads|mismatch\w*|conflicts?
    |disagrees|violates?|less likely|less plausible|less accurate|less well|worse|too \w+|only partly|partially
    |out of the question|unmentioned|unrelated|distractors?|traps?|lures?|decoys?|absent|missing|nowhere|falsch
    |unzutreffend|ausgeschlossen|fausse?|incorrecte?|incorrect[ao]s?|fals[ao]|errat[ao]|sbagliat[ao]|incorret[ao]
    |scorrett[ao]|onjuist|fout|неверн\w+|неправильн\w+|ошибочн\w+|nieprawidłow\w+|błędn\w+|yanlış|sai|salah
    |خاطئة?|गलत""",
    "错误|错的|不对|不正确|不符|不合|排除|错|誤り|間違|不正解|틀|오답|잘못|✗",
)
"""What a wrong option is."""
ELIMINATE: Final = _words(
    """eliminat(?:e|es|ed|ing)|exclud(?:e|es|ed|ing)|rul(?:e|es|ed|ing) out|reject(?:s|ed|ing)?
    |discard(?:s|ed|ing)?|dismiss(?:es|ed|ing)?|cross(?:es|ed|ing)? out|cross(?:es|ed|ing)? off
    |strik(?:e|es|ing) out|remov(?:e|es|ed|ing)|drop(?:s|ped|ping)?|doubt|doubts|avoid|avoiding|throw out
    |set aside|ausschließen|éliminer|descartar|descarto|scartare|исключаем|исключить""",
    "排除|除去|除外",
)
"""Verbs whose object is denied."""
INSTEAD: Final = _words(
    """rather than|instead of|as opposed to|in place of|beats|over|unlike|other than|apart from|aside from|besides
    |than|and not|but not|ahead of|not|isn't|aren't|wasn't|cannot be|can't be|couldn't be|never|nor|neither
    |none of|don't pick|don't choose|statt|anstatt|nicht|plutôt que|et non|pas|en lugar de|en vez de|y no|no|ni
    |anziché|invece di|e non|non|em vez de|e não|não|niet|а не|не|nie|değil""",
    "而不是|不是|并非|而非|不选|非",
)
"""What stands directly before options that are denied."""

IF: Final = _words(
    """if|unless|(?<!i )suppose|supposing|assuming|(?<!i )assume|provided (?:it|that|there|he|she|they|we|you)
    |in case|only when|only if|otherwise
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
)
"""Conditions that are none: "if I had to choose"."""

OTHERS: Final = _words(
    r"""user|users|you|your|yours|annotators?|others|someone|somebody|anyone|everyone|beginners?|novices?|readers
    |viewers|reviewers?|raters?
    |(?:he|she|they|students?|people|teachers?|friends?|experts?|authors?|models?|assistant|chatbot|colleagues?
    |reader|viewer|man|woman|humans?|chatgpt|gemini|gpt)(?: [\w'-]+){0,3} (?:chose|choose|chooses|picks?|picked
    |says?|said|thinks?|thought|answers?|answered|selects?|selected|claims?|claimed|marks?|marked|prefers?
    |preferred|suggests?|suggested|believes?|believed|puts?|wrote|writes|guess|guesses|guessed|went|goes|would
    |might|insists?|tend|tends|fall|opts?|opted)
    |claims?|claimed|claiming|alleged|allegedly|supposedly|said|argues?|argued|believes|thinks|asserts?|asserted
    |objects? that|respondents?|learners?|candidates? often|test-takers?
    |the (?:other|previous|first) (?:model|assistant|student|annotator)|question suggests|prompt suggests
    |question says|question asks|previous|according to
    |(?:some|many|most|few|several|other)(?: people| \w+s)? (?:would|might|may|could|will|can|often|say|think
    |choose|pick|select|prefer|put|believe|argue|claim|go|take|read|fall|mark)
    |one (?:might|may|could|can|would)|one's|nutzer|benutzer|utilisateur|usuario|utente|usuário|gebruiker
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

REMARK: Final = _words(
    r"""mistakes?|errors?|misconceptions?|pitfalls?|traps?|distractors?|tempting|tempted|temptation|fooled|misled
    |misleading|confus\w+|mistake|mix up|inclined|initially|originally|at first|first thought|first instinct
    |first impression|at first glance|previously|earlier|once thought|thought|used to|considered|consider
    |considering option|see (?:also |the )?(?:option|choice|answer|above|below)|look at|regarding|concerning
    |start with|begin with|let me|let's (?:look|see|check|start|consider|examine|think|evaluate)|mean by
    |different scene|something else|before reading|was going to|was about to|was leaning|first leaning|wondered
    |suspected|assumed|hesitat\w+|second choice|second best|second-best|second guess|second option|second most
    |2nd|runner-up|runner up|alternatives?|alternatively|next best|next-best|next most|next choice|back-?up
    |fallback|close second|comes close|third choice|plan b|less likely|least likely|less probable
    |another (?:is|would be|possibility|option)|(?:one|1) possibility|possibilities|candidates|second place
    |third place|other possibility|honou?rable mention|also considered|also plausible|also possible
    |also be|different question|anfangs|zuerst|zunächst|d'abord|al principio|primero|inizialmente|no início
    |сначала""",
    "常见的?错误|容易|误选|干扰|次选|其次|起初|一开始|最初は|처음",
)
"""What is said about an option without stating or denying it."""

UNSURE: Final = _words(
    "could be|might be|may be|maybe|perhaps|possibly|could|might|may|vielleicht|peut-être|quizás|forse|talvez|возможно",
    "可能|也许|かもしれ|아마",
)

TURN: Final = re.compile(
    r"(?<![^\W\d_])(?:but|because|since|although|though|even though|even if|unless|albeit|whereas|while|however"
    r"|yet|so that|so(?! (?:is|are|was|does|do)\b)|therefore|thus|hence|ergo|as(?= (?:it|the|this|that|there)\b)"
    r"|still|nevertheless|nonetheless|instead(?! of)|which|making|leaving|leaves|und|aber|sondern|weil|denn|mais"
    r"|car(?= (?:la|le|les|il|elle|ce|on)\b)|donc|puisque|parce que|pero|sino|porque|así que|ya que"
    r"|ma|perché|quindi|poiché|mas|pois|portanto|maar|dus|а(?! не)|но|потому|поэтому|так как)(?![^\W\d_])"
    r"|[;()\[\]|]| - | -(?= )|->|→|=>|而是|所以|因此|故|因为|但是|但|而(?!不|非)|が、|ため|지만|므로|따라서",
)
"""Where one clause ends and another begins, besides commas."""

FILLER: Final = re.compile(
    _words(
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
    |helyes|válasz|a|oikea|vastaus|on|rätt|riktiga""",
        "所以|因此|我认为|我觉得|我|认为|觉得|综上|最佳|最好|最符合|と思います|思います|と考え|선택지|제|생각에는|생각|答案|選択肢|よって|したがって|正しい|の|正确|选择|选项|选|应该|应"
        "|是|为|故|本题|即|就是|最终|最|只有|剩下|です|だ|が|は|答え|正解|正しい|입니다|이다|정답|답|은|는|가|따라서",
    )
)
"""Words that add nothing to a statement: with one sign between them, the sign is the statement."""

SPEAKER: Final = _words(
    "i|i'd|i'll|i'm|i've|we|we'd|we'll|my|let's|me|us|ich|je|yo|io|eu|ik|я|you should|you must|please", "我"
)

REASON: Final = frozenset(
    (
        "although",
        "though",
        "even though",
        "even if",
        "albeit",
        "while",
        "whereas",
        "because",
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

RETRACTED: Final = re.compile(
    r"(?:\b(?:wait|hold on|scratch that|oops|hang on)\b|\bactually,? no\b|^(?:hmm,? |but )?no[,.! ]*(?:wait|$"
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
    r"\b(?:no|without|beyond)(?: \w+)? doubt\b|\bnot only\b|\bno wonder\b|\bno other(?: \w+)?\b|\bno ?[,:]"
    r"|\bnone of the other\w*(?: \w+)?\b|\bnot (?:entirely |completely |quite |absolutely |fully |100% "
    r"|totally )?(?:sure|certain)\b(?=\s*(?:[,.;:)-]|but|yet|though|however|$))"
)
"""Negations that deny no option."""
EXCEPT: Final = re.compile(
    rf"\b(?P<all>all|everything|every|each|any|anything|none|nothing|no)\b(?: [\w']+){{0,4}}? (?:but"
    rf"|except(?: for)?|besides|other than|apart from) (?:option |choice |for )?(?P<sign>{SIGN})"
)
ASIDE_LABEL: Final = re.compile(
    r"(?:reject|discard|eliminat|exclud|wrong|incorrect|second|2nd|3rd|third|runner|alternativ|other|rest"
    r"|less likely|least|unlikely|why not|not|distractor|backup|fallback|"
    r"ruled? out|dismiss|next|explanation of|mistake|错误|排除|其他|falsch|autres|otras|false)"
)
"""Labels and headings of what is said about the other options."""
