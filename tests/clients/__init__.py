"""Published clients, unmodified: what each says through the gateway, and what of it reaches the provider."""
