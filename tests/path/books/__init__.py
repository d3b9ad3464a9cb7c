"""The books of whole gateways, held against what clients saw and what the provider counted."""
