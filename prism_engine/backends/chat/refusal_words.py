"""Statuses, labels and words by which providers' refusals are told apart; collected from public error bodies."""

from __future__ import annotations

import re

RETRYABLE = frozenset({408, 409, 425, 429, 498, 499})
"""Statuses below 500 of a moment; 498 is Groq's lack of capacity, 499 a request that a gateway gave up."""
TOO_MANY = frozenset({"rate_limit_exceeded", "rate_limit_error", "ratelimitexceeded", "throttlingexception"})
NO_MONEY = frozenset(
    {
        *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "exceeded_current_quota_error"),
        *("insufficient_user_quota", "insufficient_balance", "insufficient_credits", "arrearage", "credits_exhausted"),
    }
)
FILTER = frozenset(
    {
        *("content_filter", "content_policy_violation", "responsibleaipolicyviolation", "data_inspection_failed"),
        *("datainspectionfailed", "sensitive_words_detected", "prohibited_content", "moderation_blocked"),
        *("content_blocked", "safety", "image_safety", "content_filtered", "1301"),
    }
)
BAD_KEY = frozenset(
    {
        *("invalid_api_key", "api_key_invalid", "api_key_expired", "authentication_error", "unauthenticated"),
        *("invalid_authentication_error", "access_token_expired"),
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
    r"\bunauthori[sz]ed\b|authentication (?:failed|error|required)|not authenticated",
)
MONEY_WORDS = _words(
    r"credit balance|\b(?:insufficient|not enough|out of|exceed\w*|used all available|more)\b[\w ]{0,20}"
    r"\b(?:balance|credits?|funds?)\b",
    r"insufficient[ _-]quota|\barrear|\u4f59\u989d|\u6b20\u8d39",
)
BILLING_WORDS = _words(r"\bbilling\b|payment (?:required|method)|(?:spend\w*|monthly|usage) limits?\b|\boverdue\b")
MODEL_WORDS = _words(
    r"\bmodel\b[^.;:]{0,80}?\b(?:does not exist|doesn't exist|not exist|not found|decommissioned|deprecated|retired|"
    r"sunset|shut ?down|discontinued|end.of.life|been removed|no longer|is not available|isn't available|"
    r"is not supported|not supported for|not accessible)",
    r"\b(?:unknown|invalid|no such|unrecogni[sz]ed|unsupported) model\b|not a valid model|no endpoints? found",
    r"no available channel|do(?:es)? not have access to[^.]{0,40}\bmodel",
)
PLACE_WORDS = _words(
    r"\b(?:country|region|territory|location)\b[^.]{0,60}\b(?:not|un)[ -]?(?:supported|available|allowed)",
    r"unsupported_country|not available in your (?:country|region|location)",
)
ACCOUNT_WORDS = _words(
    r"\b(?:account|organi[sz]ation|project|user|team|workspace|subscription)\b[^.]{0,60}"
    r"\b(?:suspended|disabled|deactivated|terminated|banned|restricted|closed|archived|blocked)\b",
    r"account_deactivated|account_suspended",
)
FILTER_WORDS = _words(
    r"content[ _-](?:management[ _-])?(?:polic|filter)|content exists risk|inappropriate content|usage polic",
    r"safety[ _-](?:system|filter|reason|polic|setting)|\bflagged\b|prohibited content|violat\w+[\w ']{0,40} polic",
    r"responsible ai|sensitive (?:content|word|information|material)|blocked by[\w ]{0,30}(?:filter|safety|moderation)",
)
UNSUPPORTED_WORDS = _words(
    r"unsupported[ _](?:parameter|value|argument|field)|unrecogni[sz]ed|unknown[ _](?:parameter|name|field|argument)",
    r"extra inputs|extra_forbidden|unexpected (?:keyword|parameter|argument|field)|not permitted|not supported|"
    r"n't supported|do(?:es)?(?: not|n't) support|deprecated for this|cannot both be|not allowed|unknown_parameter",
)
TOO_LARGE_WORDS = _words(r"request (?:is )?too large|tokens must be reduced|reduce your message size")
LIMIT_AND_REQUESTED = re.compile(
    r"limit:? *(?P<limit>[\d,]+)\b.{0,40}?\brequested:? *(?P<asked>[\d,]+)", re.IGNORECASE | re.DOTALL
)
DAILY_WORDS = _words(r"per[ _-]?(?:day|month|week)\b|\b(?:daily|monthly|weekly)\b|\((?:RPD|TPD|RPMonth)\)|\blimit: 0\b")
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
