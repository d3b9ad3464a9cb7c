"""How tersely a conversation is answered: detected, decided once, kept."""
