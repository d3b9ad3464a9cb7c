"""Keeps private values in the house. Read ``policy.py`` first."""

from penstock.policies.scrub.policy import Scrub
from penstock.policies.scrub.rules import Action, Back, Kind, Rules

__all__ = ["Action", "Back", "Kind", "Rules", "Scrub"]
