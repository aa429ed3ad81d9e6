"""Statuses, labels and words by which providers' refusals are distinguished; collected from public error bodies."""

from __future__ import annotations

import re

RETRYABLE = frozenset({408, 409, 425, 429, 498, 499})
"""Statuses below 500 of a moment; 498 is Groq's lack of capacity, 499 a request that a gateway gave up."""
FINAL = frozenset({501, 505, 511})
"""Statuses from 500 on that sending the request again cannot change; 511 is a network that asks for a login."""
TOO_MANY = frozenset({"rate_limit_exceeded", "rate_limit_error", "ratelimitexceeded", "throttlingexception"})
NO_MONEY = frozenset(
    {
        *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "exceeded_current_quota_error"),
        *("insufficient_user_quota", "insufficient_balance", "insufficient_credits", "arrearage", "credits_exhausted"),
        *("budget_exceeded", "setlimitexceeded", "accountoverdueerror"),
    }
)
FILTER = frozenset(
    {
        *("content_filter", "content_policy_violation", "responsibleaipolicyviolation", "data_inspection_failed"),
        *("datainspectionfailed", "sensitive_words_detected", "prohibited_content", "moderation_blocked"),
        *("content_blocked", "safety", "image_safety", "content_filtered", "guardrail_violation", "1301"),
    }
)
FILTER_LABELS = re.compile(
    r"sensitive\w*detected|risk_?detect|content_?policy|illegal_?detected|safety_?(?:violation|check)|inappropriate"
)
"""Parts of further codes of filters, in lower case."""
BAD_KEY = frozenset(
    {
        *("invalid_api_key", "api_key_invalid", "api_key_expired", "authentication_error", "unauthenticated"),
        *("invalid_authentication_error", "access_token_expired", "expiredtokenexception", "wrong_api_key"),
        *("unrecognizedclientexception", "invalidsignatureexception", "incompletesignatureexception"),
    }
)
NO_MODEL = frozenset(
    {
        *("model_not_found", "model_decommissioned", "model_deprecated", "deploymentnotfound", "model_not_available"),
        *("invalid_model", "model_not_supported", "unknown_model"),
    }
)
STATUS_OF_LABEL = (
    (NO_MONEY, 402),
    (BAD_KEY, 401),
    (NO_MODEL | {"not_found_error", "not_found"}, 404),
    (frozenset({"permission_error", "permission_denied"}), 403),
    (TOO_MANY | {"resource_exhausted"}, 429),
    (frozenset({"overloaded_error", "server_error", "internal_error", "api_error", "unavailable"}), 503),
    (FILTER | {"invalid_request_error", "invalid_argument", "context_length_exceeded", "badrequesterror"}, 400),
)


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


KEY_WORDS = _words(
    r"(?:api|access|secret|auth\w*|x-api)[ _-]?(?:key|token)s?\b[^.]{0,40}\b(?:invalid|incorrect|not valid|expired|"
    r"missing|required|revoked|disabled|wrong|malformed|not found|not exist)",
    r"\b(?:invalid|incorrect|expired|missing|wrong|no|bad|malformed|unknown|provide an?)\b[^.]{0,20}"
    r"(?:(?:api|access|auth\w*|x-api)[ _-]?(?:key|token|header)|credentials|authentication)",
    r"\bunauthori[sz]ed\b|authentication (?:failed|error|required)|not authenticated|\b(?:login|log in) fail|"
    r"security token\b[^.]{0,40}\b(?:invalid|expired)",
    r"(?:令牌|密钥|鉴权|api ?key)[^。]{0,12}(?:无效|非法|错误|过期|不正确|失败|不存在)",
    r"无效的?(?:令牌|密钥|token|api ?key)|authorization token ?(?:非法|无效|过期)",
)
MONEY_WORDS = _words(
    r"credit balance|\b(?:insufficient|not enough|out of|exceed\w*|used all available|more)\b[\w ]{0,20}"
    r"\b(?:balance|credits?|funds?)\b",
    r"\b(?:balance|credits?|funds?)\b[\w ]{0,20}\b(?:insufficient|not enough|too low|exhausted|depleted|used up)",
    r"(?:doesn't|don't|does not|do not) have (?:any|enough|sufficient) (?:credits?|funds?|balance)",
    r"(?:exceed\w*|over) ?budget\b(?! of)|\bbudget (?:has been |was )?exceeded",
    r"insufficient[ _-]quota|\barrear|余额|欠费|额度(?:不足|已?用)",
)
BILLING_WORDS = _words(
    r"\bbilling\b|payment (?:required|method)|(?:spend\w*|monthly|usage) limits?\b|\boverdue\b|\bgood standing\b"
)
MODEL_WORDS = _words(
    r"\bmodel\b(?:[^.;:]|[.:](?=\S)){0,120}?\b(?:does not exist|doesn't exist|"
    r"not exist|not found|decommissioned|deprecated|retired|sunset|shut ?down|discontinued|end.of.(?:its.)?life|"
    r"been removed|no longer|is not available|isn't available|is not supported|not supported for|not accessible|"
    r"not activated|not loaded)",
    r"\b(?:unknown|invalid|no such|unrecogni[sz]ed|unsupported) model\b|not a valid model|no endpoints? found",
    r"\bno models? (?:is |are )?(?:currently )?loaded|模型不存在",
    r"no available channel|do(?:es)? not have access to[^.]{0,40}\bmodel",
)
PLACE_WORDS = _words(
    r"\b(?:country|region|territory|location)\b[^.]{0,60}\b(?:not|un)[ -]?(?:supported|available|allowed)",
    r"unsupported_country|not available in your (?:country|region|location)",
)
ACCOUNT_WORDS = _words(
    r"\b(?:account|organi[sz]ation|project|user|team|workspace|subscription)\b[^.]{0,60}\b(?<!\bit )(?:is|are|was|were|"
    r"been|being|temporarily|permanently|currently|got) (?:\w+ )?"
    r"(?:suspended|disabled|deactivated|terminated|banned|restricted|closed|archived|blocked)\b",
    r"\b(?:account|organi[sz]ation|user|team|workspace|subscription) (?:suspended|disabled|deactivated|terminated|"
    r"banned|closed|blocked)\b",
    r"\b(?:suspended|disabled|deactivated|terminated|banned) (?:account|organi[sz]ation|user|workspace)\b",
    r"account_deactivated|account_suspended",
)
FILTER_WORDS = _words(
    r"content[ _-](?:management[ _-])?(?:polic|filter)|content exists risk|inappropriate content|usage polic",
    r"safety[ _-](?:system|filter|reason|polic|setting|check)|\bflagged\b|prohibited content|"
    r"violat\w+[\w ']{0,40} (?:polic|guidelines)|content ?policy ?violation",
    r"\b(?:risk|unsafe|illegal|harmful) content\b|(?:content|input|prompt|text|image) is (?:illegal|unsafe|harmful)",
    r"moderation guardrail|(?:敏感|违规|不安全)[^。]{0,8}(?:内容|信息|词)",
    r"responsible ai|sensitive (?:content|word|information|material)|blocked by[\w ]{0,30}(?:filter|safety|moderation)",
)
UNSUPPORTED_WORDS = _words(
    r"unsupported[ _](?:parameter|value|argument|field)|unrecogni[sz]ed|unknown[ _](?:parameter|name|field|argument)",
    r"extra inputs|extra_forbidden|unexpected (?:keyword|parameter|argument|field)|not permitted|not supported|"
    r"n't supported|do(?:es)?(?: not|n't) support|deprecated for this|cannot both be|not allowed|unknown_parameter",
)
RATE_WORDS = _words(r"\brate.?limit|too many requests|请求过于频繁|频率过高|并发数过高|限流")
TOO_LARGE_WORDS = _words(r"request (?:is )?too large|tokens must be reduced|reduce your message size")
LIMIT_AND_REQUESTED = re.compile(
    r"limit:? *(?P<limit>[\d,]+)\b.{0,40}?\brequested:? *(?P<asked>[\d,]+)", re.IGNORECASE | re.DOTALL
)
DAILY_WORDS = _words(
    r"per[ _-]?(?:day|month|week)\b|\b(?:daily|monthly|weekly)\b|\((?:RPD|TPD|RPMonth)\)|\blimit: 0\b",
    r"使用上限|调用上限|每日|每天|当日|今日|每周|每月",
)
DAILY_LABELS = re.compile(r"per_?(?:day|month)|daily|monthly")
TEMPLATE_WORDS = re.compile(r"chat[ _-]template", re.IGNORECASE)
MISSING_WORDS = _words(r"must provide|not set|no longer allowed|missing|no chat|does not (?:have|define)|without a|"
                        r"not (?:found|provided|defined|available)|requires?\b|has no|lacks?\b")  # fmt: skip
PICTURE_WORDS = _words(r"\b(?:image|picture|photo)s?\b|image_url")
PICTURE_SIDE_WORDS = _words(r"\b(?:dimensions?|pixels?|width|height|resolution)\b")
PICTURE_BYTES_WORDS = _words(
    r"\b(?:exceed\w*|larger?|too (?:large|big)|max(?:imum)?|limit)\b[^.]{0,80}"
    r"\b(?:\d[\d., ]*(?:[KMG]i?B|bytes)|bytes|size)\b",
    r"\b(?:image|picture)s?\b[^.]{0,40}\btoo (?:large|big)\b|\bsize\b[^.]{0,40}\b(?:exceed\w*|too large)\b",
)
PICTURE_FORMAT_WORDS = _words(
    r"(?:unsupported|invalid|unknown|not supported|must be|following)[\w :]{0,40}"
    r"\b(?:formats?|mime|(?:media|content).types?)\b",
    r"\b(?:format|mime|(?:media|content).type)s?\b[^.]{0,60}\b(?:not supported|unsupported|invalid|not allowed)\b",
)
