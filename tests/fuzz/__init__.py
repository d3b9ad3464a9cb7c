"""Arbitrary bytes against both sides of the wire, and every reader beside a second one. ``-m long`` goes deep."""
