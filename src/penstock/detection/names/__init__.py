"""People's names, by lists and by the words around them; no model. Prose alone is looked at.

``lists`` knows which words are names, ``runs`` finds names among capitalised words, ``cues`` finds what stands behind
a word that announces a name, ``grounds`` tells where a text is no prose, ``persons`` puts them together.
"""
