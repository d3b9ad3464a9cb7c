"""Arbitrary bytes against both sides of the wire. Quick by default; ``-m long`` goes deep."""
