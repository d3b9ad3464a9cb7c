"""What no setting can see by itself, of teams, users and quotas: rules like those in ``check``."""

from collections.abc import Iterator

from penstock.config.mistakes import Path, dotted, shown
from penstock.config.reading import Found, ReadSettings
from penstock.config.settings import Settings
from penstock.core.quota_text import read, said


def quotas_count_apart(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """Of two quotas of one subject that count the same in the same time, the looser one says nothing."""
    for where, texts in _lists(settings, reading):
        before: dict[str, str] = {}
        for path, text in reading.rows(where, texts):
            quota = read(text)
            if quota.counter in before:
                what = f"counts the same as an earlier quota of the list: `{shown(before[quota.counter])}`"
                yield path, what, "keep one of them"
            else:
                before[quota.counter] = said(quota)


def quotas_have_books(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """They are settled by them: without, nothing would tell what was used, and nobody would be held to anything."""
    if settings.books or not reading.sound(("books",)):
        return
    given = next((where for where, texts in _lists(settings, reading) if texts), None)
    if given is not None:
        what = f"is off, and {dotted(given)} can't be counted without the books"
        yield ("books",), what, "write `books: true`, or remove the quotas"


def _lists(settings: Settings, reading: ReadSettings) -> list[tuple[Path, tuple[str, ...]]]:
    """Where quotas stand."""
    lists: list[tuple[Path, tuple[str, ...]]] = [
        (("quotas", name), getattr(settings.quotas, name)) for name in ("all", "each_team", "each_user", "each_key")
    ]
    lists += [((part, name, "quotas"), row.quotas)
              for part, rows in (("teams", settings.teams), ("users", settings.users))
              for name, row in rows.items()]  # fmt: skip
    lists += [((*path, "quotas"), row.quotas) for path, row in reading.rows(("keys",), settings.keys)]
    return lists


def teams_say_it_once(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """Of one thing that is said in two places nobody could tell which holds."""
    for name, row in settings.teams.items():
        terser, scrub = settings.terser.teams.get(name), settings.scrub.teams.get(name)
        for field in ("intensity", "smart", "holdout"):
            if terser is not None and getattr(row, field) is not None and getattr(terser, field) is not None:
                what = f"stands in `terser.teams.{shown(name)}` too"
                yield ("teams", name, field), what, "keep one of them"
        if scrub is not None and ("teams", name, "scrub") in reading.places:
            yield ("teams", name, "scrub"), f"stands in `scrub.teams.{shown(name)}` too", "keep one of them"


RULES = (quotas_count_apart, quotas_have_books, teams_say_it_once)
