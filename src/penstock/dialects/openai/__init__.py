"""OpenAI's dialect: ``speech`` is how it speaks, ``usage`` how its answers tell what they used."""

from penstock.dialects.openai.speech import OpenAI

__all__ = ["OpenAI"]
