"""WHAT a model is: its names, sizes, abilities and prices. Data that is shipped with the package, and how it is found.

Nothing is fetched. What is not known for sure is not here: an unknown model, and a known one without a price, is
*unpriced*, never free and never guessed.
"""
