"""Old exchanges go while a gateway writes new ones: it notices nothing, and loses nothing."""

import json
import threading
import time
from pathlib import Path

from penstock.stores.database import DATABASE, open_database
from penstock.stores.ledger import Ledger
from tests.path.books.scene import entries
from tests.support.books import AT, entry
from tests.support.client import ask
from tests.support.command import piped
from tests.support.gateway import Gateway, settings
from tests.support.provider import Provider, json_answer
from tests.support.waiting import until

OLD = 20_000


def test_a_gateway_goes_on_writing(tmp_path: Path) -> None:
    """Every answer that a client got meanwhile is in the books afterwards, and of the old ones none is."""
    answer = json_answer(b'{"model":"m","usage":{"input_tokens":10,"output_tokens":2}}')
    with Provider(lambda _: answer) as provider:
        row = {"dialect": "anthropic", "base_url": provider.base_url, "auth": "none"}
        with Gateway(settings(anthropic=row), tmp_path) as gateway:
            engine = open_database(tmp_path / "data" / DATABASE)
            year = 365 * 86_400
            Ledger(engine).append([entry(f"old{number}", at=AT - 2 * year + number) for number in range(OLD)])
            engine.dispose()
            answered: list[str] = []
            over = threading.Event()

            def go_on() -> None:
                while not over.is_set():
                    answered.append(ask(gateway).headers["x-penstock-exchange-id"])
                    time.sleep(0.02)

            asking = threading.Thread(target=go_on)
            asking.start()
            pruned = piped(
                "db", "prune", "--config", "penstock.yaml", "--older-than", "400d", "--json", folder=tmp_path
            )
            over.set()
            asking.join()
            assert (pruned.returncode, json.loads(pruned.stdout)["exchanges"]) == (0, OLD), pruned.stderr
            until(lambda: len(entries(tmp_path)) >= len(answered))
            told = piped("log", "--config", "penstock.yaml", "-n", "99999", "--json", folder=tmp_path).stdout
        assert sorted(json.loads(line)["id"] for line in told.splitlines()) == sorted(answered)
        assert answered
