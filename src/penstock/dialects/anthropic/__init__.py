"""Anthropic's dialect: ``speech`` is how it speaks, ``usage`` how its answers tell what they used."""

from penstock.dialects.anthropic.speech import Anthropic

__all__ = ["Anthropic"]
