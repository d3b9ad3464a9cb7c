"""Checks that a model or a service decides: what it is about, whether it is dangerous, whether it gives orders.

Behind scrubbing, so that whoever judges sees no private value; a judge that is marked local stands before it. It asks,
waits within a deadline and remembers; what no answer means the policy says. Whatever can be decided without asking is
``guard``'s.
"""

from penstock.policies.judge.policy import Judge
from penstock.policies.judge.rules import JudgeRule, Judging

__all__ = ["Judge", "JudgeRule", "Judging"]
