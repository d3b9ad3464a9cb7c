"""Recorded traffic of real providers, through the running gateway."""
