"""All acts, of every room."""

from penstock.administering import tokens
from penstock.administering.acting import Acts

ACTS = Acts((*tokens.ACTS,))
