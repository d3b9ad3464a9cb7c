"""Clients as they are published, unmodified: what each says through the gateway, and what of it reaches the provider."""
