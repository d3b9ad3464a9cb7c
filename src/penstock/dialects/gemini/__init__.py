"""Gemini's dialect: ``speech`` is how it speaks, ``usage`` how its answers tell what they used."""

from penstock.dialects.gemini.speech import Gemini

__all__ = ["Gemini"]
