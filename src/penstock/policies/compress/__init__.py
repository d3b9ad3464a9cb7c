"""Terser answers: a short text in the system prompt, decided once for a conversation, its effect measured.

``policy`` is what the path calls, ``foresee`` its early look where gateways share decisions; ``deciding`` decides,
``detect`` reads what suits a conversation; ``rules`` are the words, ``overrides`` what one request wants for itself,
``memory`` what is kept of conversations under way. How a dialect's requests are read and written is the dialect's.
"""

from penstock.policies.compress.deciding import Conditions, Suspended
from penstock.policies.compress.foresee import Foresee
from penstock.policies.compress.memory import Memory, NoMemory
from penstock.policies.compress.policy import CHATS, COUNTS, Compress

__all__ = ["CHATS", "COUNTS", "Compress", "Conditions", "Foresee", "Memory", "NoMemory", "Suspended"]
