"""Reads PDFs, which are hostile input: each in a process of its own, with limits. Read ``reading.py`` first."""

from penstock.pdf.reading import extract

__all__ = ["extract"]
