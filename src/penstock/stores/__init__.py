"""Durable state: keys and the ownership of stored objects. The only room that drives a database."""
