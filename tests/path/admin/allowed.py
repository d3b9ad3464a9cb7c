"""A check for schemathesis: what the schema allows is taken, but for fields of which no schema can say all.

Loaded by its command line, in a process of its own. Whatever else is refused although the schema allows it fails.
"""

import re

import schemathesis

UNTOLD = {
    r"cursor": "it is sealed by the gateway: nobody else can write one",
    r"quotas\.\d+": "a grammar in words; which options fit depends on what is counted, and amounts have a bound",
    r"routes\.\d+": "a pattern is to meet an operation: their names are the route table's",
    r"scrub\.kinds\..*": "the kinds are those of the configuration file, and more than the document knows",
    r"name|label|owner|team": "what can be printed is a matter of Unicode's version; a name of spaces alone is none",
    r"expires": "it is to lie ahead, and time goes on",
    r"user": "of key, team and user one is asked for at a time, and a lead has a team",
}
"""Fields, and why a request that the schema allows may be refused for what it says there."""


@schemathesis.check
def what_is_allowed_is_taken(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """As ``positive_data_acceptance``, field by field."""
    del context
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for mistake in response.json()["mistakes"]:
        field = mistake["field"]
        known = any(re.fullmatch(one, field, re.DOTALL) for one in UNTOLD)
        assert known, f"refused though the schema allows it: {mistake}"
