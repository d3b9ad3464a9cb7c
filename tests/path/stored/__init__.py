"""Stored objects behind the operator's credential, from key to provider and back."""
