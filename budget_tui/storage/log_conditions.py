"""Conditions on agents' logs in SQL that both engines know: which messages count, and which sources are logs.

They are text, because the fast paths and the checks of a book are, too.
"""

from budget_tui.domain.estimates import LOG_PREFIXES

MESSAGE_COUNTS = (
    "NOT log_message.is_undone"
    " AND NOT EXISTS (SELECT 1 FROM log_message p WHERE p.org_key = log_message.org_key"
    " AND p.program = log_message.program AND p.message_id = log_message.copy_of AND NOT p.is_undone)"
    " AND NOT EXISTS (SELECT 1 FROM log_message p WHERE p.org_key = log_message.org_key"
    " AND p.program = log_message.program AND p.copy_of = log_message.copy_of AND p.copy_of <> ''"
    " AND p.message_id < log_message.message_id AND NOT p.is_undone)"
)
"""A message of the table ``log_message`` counts if it is not undone, nor a copy of a message that is known, nor
one of several copies of a message that is not: of these the first by its id counts."""
MESSAGE_IS_UNPRICED = (
    f"log_message.amount_picos IS NULL AND {MESSAGE_COUNTS}"
    " AND NOT EXISTS (SELECT 1 FROM cost c JOIN replaced_estimate r ON r.cost_key = c.cost_key"
    " WHERE c.origin_key = log_message.origin_key AND c.day = log_message.day)"
)
"""A message that counts and has no price; where a bill counts in its place, or a plan pays, nothing is missing."""
MESSAGE_TOKENS = (
    "log_message.input_tokens + log_message.cache_read_tokens + log_message.cache_write_tokens"
    " + log_message.cache_write_1h_tokens + log_message.output_tokens"
)


def is_money(amount: str, source: str) -> str:
    """Return the condition that a cost, by its columns ``amount`` and ``source``, is one of money: a log's cost of 0
    stands for tokens alone, which have no price, or which a plan or a bill pays."""
    return f"({amount} <> 0 OR NOT {is_log(source)})"


def is_log(source: str) -> str:
    """Return the condition that the column ``source`` names a log; as ranges, for which indexes are of use."""
    ranges = (
        f"({source} >= '{prefix}' AND {source} < '{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}')" for prefix in LOG_PREFIXES
    )
    return f"({' OR '.join(ranges)})"
