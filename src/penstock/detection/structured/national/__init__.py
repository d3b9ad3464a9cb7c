"""Numbers that states give to people and to those who pay taxes, by continents, each with its own sum."""

from penstock.detection.structured.national import americas, asia, europe, north

RULES = (*americas.RULES, *europe.RULES, *north.RULES, *asia.RULES)
"""All of them."""
