"""All acts, of every room."""

from penstock.administering import books, credentials, keys, log, quotas, subjects, tokens
from penstock.administering.acting import Acts

ACTS = Acts((*tokens.ACTS, *keys.ACTS, *subjects.ACTS, *credentials.ACTS, *quotas.ACTS, *log.ACTS, *books.ACTS))
