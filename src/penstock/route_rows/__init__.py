"""The rows of the route table, one module per dialect. Data only; ``routes.py`` reads it.

Templates, parameters and fields were taken from the resources and types of the providers' own SDKs (anthropic 2.11,
openai 3.52, google-genai 3.4; November 2026). A family that is not here is not called upstream.
"""

from penstock.core.route import Route
from penstock.route_rows.anthropic import ANTHROPIC
from penstock.route_rows.gemini import GEMINI
from penstock.route_rows.openai import OPENAI

ROWS: tuple[Route, ...] = ANTHROPIC + OPENAI + GEMINI
