"""What a refused quota is called in Google's errors: ``google.rpc`` details, which Gemini CLI goes by.

It waits as long as ``RetryInfo`` says, up to five minutes; told to wait longer it stops at once and shows the message;
told nothing it tries again and again. A ``quotaId`` with a day in it makes it forget the message (wire contract 5.1).
Pure.
"""

from penstock.core.fault import Fault, FaultKind
from penstock.core.quota import Level

_TYPE = "type.googleapis.com/google.rpc."


def details(fault: Fault) -> list[dict[str, object]]:
    """None for other faults than 429s."""
    if fault.kind not in {FaultKind.THROTTLED, FaultKind.EXHAUSTED}:
        return []
    told: list[dict[str, object]] = []
    if fault.held is not None:
        quota = fault.held.quota
        named = quota.level in {Level.TEAM, Level.USER}
        subject = f"{quota.level.value}:{quota.subject}" if named else quota.level.value
        violations = [{"subject": subject, "description": fault.words}]
        told.append({"@type": f"{_TYPE}QuotaFailure", "violations": violations})
    if fault.retry_after_ms is not None:
        told.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{fault.retry_after_ms / 1000:g}s"})
    elif fault.retry_after is not None:
        told.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{fault.retry_after}s"})
    return told
