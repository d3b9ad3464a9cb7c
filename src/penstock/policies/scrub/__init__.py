"""Keeps private values in the house. Read ``policy.py`` first."""

from penstock.policies.scrub.policy import Scrub
from penstock.policies.scrub.rules import Back, KindRule, Rules, Treatment

__all__ = ["Back", "KindRule", "Rules", "Scrub", "Treatment"]
