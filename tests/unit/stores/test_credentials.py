"""Provider credentials in the database: who opens them, who does not, and what an interrupted rotation leaves."""

import base64
import contextlib
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from penstock.core.caller import Secret
from penstock.stores.credentials import CredentialError, CredentialStore
from penstock.stores.database import DATABASE
from penstock.stores.master_key import FILE, MasterKeyError, MasterKeyFile, given, made
from penstock.stores.site import Site

pytestmark = pytest.mark.slow

Open = Callable[..., CredentialStore]

ONE, TWO = Secret("sk-one-c4n4ry"), Secret("sk-two-c4n4ry")


@pytest.fixture
def opened(site: Site) -> Iterator[Open]:
    """Opens the credentials of a site, as another process would."""
    with contextlib.ExitStack() as undo:

        def open_(master_key: str | None = None) -> CredentialStore:
            engine = site.open()
            undo.callback(engine.dispose)
            return CredentialStore(engine, site.folder, None if master_key is None else Secret(master_key))

        yield open_


def server_of(site: Site) -> list[str]:
    """For a command line."""
    return [] if site.server is None else [site.server.reveal()]


def text_of(secret: bytes) -> str:
    """A master key as people write it."""
    return base64.b64encode(secret).decode()


@pytest.fixture
def store(opened: Open) -> CredentialStore:
    """Two credentials, each of its provider."""
    store = opened()
    store.put("one", ONE)
    store.put("two", TWO)
    return store


# --- kept and found ---------------------------------------------------------------------------------------------------


def test_what_was_put_is_found_by_any_process(opened: Open, store: CredentialStore, site: Site) -> None:
    """By its provider's name, until it is replaced or removed."""
    assert opened().secrets(["one", "two"]) == {"one": ONE, "two": TWO}
    store.put("one", Secret("sk-three"))
    assert opened().secrets(["one"]) == {"one": Secret("sk-three")}
    assert (store.remove("one"), store.remove("one")) == (True, False)
    assert [stored.name for stored in opened().listed()] == ["two"]
    with pytest.raises(CredentialError, match="one is not there"):
        store.secrets(["one"])


def test_neither_file_alone_tells_a_credential(store: CredentialStore, site: Site) -> None:
    """The database holds no secret in clear, nor the key; the key's file is its owner's alone."""
    files = [path for path in site.folder.iterdir() if path.name.startswith(DATABASE)]
    master = MasterKeyFile(site.folder).read()[0]
    for path in files:
        content = path.read_bytes()
        assert b"c4n4ry" not in content
        assert master.secret not in content
        assert text_of(master.secret).encode() not in content
    assert stat.S_IMODE((site.folder / FILE).stat().st_mode) == 0o600
    assert [path.name for path in site.folder.iterdir() if path.name.startswith(FILE)] == [FILE]


def test_equal_secrets_do_not_look_alike(opened: Open, site: Site) -> None:
    """Who reads the database cannot see that two rows hold the same, or that one was put back."""
    store = opened()
    for name in ("one", "two", "one"):
        store.put(name, ONE)
    with store._engine.connect() as connection:
        rows = connection.execute(text("SELECT nonce, ciphertext FROM credentials")).all()
    assert len({nonce for nonce, _ in rows}) == len({cipher for _, cipher in rows}) == 2


def test_the_cipher_is_loaded_only_where_a_credential_is_stored(site: Site) -> None:
    """It takes memory that a gateway without stored credentials need not have."""
    script = (
        "import sys; from pathlib import Path; from penstock.stores.credentials import *;"
        "from penstock.stores.site import Site; site = Site(Path(sys.argv[1]), *map(Secret, sys.argv[2:]));"
        "store = CredentialStore(site.open(), site.folder); store.listed(); store.secrets([]);"
        "print('cryptography' in sys.modules); store.put('a', Secret('b')); print('cryptography' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, site.folder, *server_of(site)], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "True"]


# --- what does not open -----------------------------------------------------------------------------------------------

TAMPERED = {
    "a swapped row": "UPDATE credentials SET (nonce, ciphertext) = "
    "(SELECT nonce, ciphertext FROM credentials WHERE name = 'two') WHERE name = 'one'",
    "a row under another name": "UPDATE credentials SET name = CASE name WHEN 'one' THEN 'x' ELSE 'one' END",
    "a changed ciphertext": "UPDATE credentials SET ciphertext = :long WHERE name = 'one'",
    "a cut ciphertext": "UPDATE credentials SET ciphertext = :short WHERE name = 'one'",
    "an empty nonce": "UPDATE credentials SET nonce = :empty WHERE name = 'one'",
    "a changed nonce": "UPDATE credentials SET nonce = :nonce WHERE name = 'one'",
    "another key's name": "UPDATE credentials SET key_id = 'ffffffffffffffff' WHERE name = 'one'",
}
BYTES = {"long": bytes(29), "short": b"\0", "empty": b"", "nonce": bytes(12)}


@pytest.mark.parametrize("statement", TAMPERED.values(), ids=list(TAMPERED))
def test_a_changed_row_does_not_open(store: CredentialStore, site: Site, statement: str) -> None:
    """Not by halves either: nothing is handed out, and a rotation leaves everything as it is."""
    with store._engine.begin() as connection:
        given = {name: BYTES[name] for name in BYTES if f":{name}" in statement}
        assert connection.execute(text(statement), given).rowcount > 0
    key_file = (site.folder / FILE).read_bytes()
    with pytest.raises(CredentialError, match="stored credential of one") as caught:
        store.secrets(["one"])
    assert caught.value.name == "one"
    with pytest.raises(CredentialError):
        store.rotate()
    assert (site.folder / FILE).read_bytes() == key_file
    assert "c4n4ry" not in str(caught.value) + repr(caught.value)


def test_another_master_key_opens_nothing(store: CredentialStore, site: Site) -> None:
    """And the message names the key that is needed, not the secret."""
    MasterKeyFile(site.folder).write((made(),))
    with pytest.raises(CredentialError, match=r"needs the master key [0-9a-f]{16}, which is not here"):
        store.secrets(["one"])


@pytest.mark.parametrize("content", ["", "short\n", "A" * 42, "A" * 64, "ä" * 43, "\0" * 43])
def test_a_damaged_key_file_is_no_reason_to_make_a_new_one(store: CredentialStore, site: Site, content: str) -> None:
    """A new key would make every stored credential unreadable for good."""
    (site.folder / FILE).write_text(content)
    for use in (lambda: store.secrets(["one"]), lambda: store.put("one", ONE), store.rotate):
        with pytest.raises(MasterKeyError, match="restore it from a backup"):
            use()
    assert (site.folder / FILE).read_text() == content


# --- keys that are given ----------------------------------------------------------------------------------------------


def test_a_given_key_is_used_and_no_file_is_made(opened: Open, site: Site) -> None:
    """In either alphabet of base64, with its padding or without."""
    secret = bytes(range(224, 256))
    opened(text_of(secret)).put("one", ONE)
    url_safe = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    assert url_safe != text_of(secret).rstrip("=")
    assert opened(url_safe).secrets(["one"]) == {"one": ONE}
    assert not (site.folder / FILE).exists()


def test_a_given_key_is_rotated_by_giving_two(opened: Open, site: Site) -> None:
    """The new one before the old; afterwards the new one is enough."""
    old, new = text_of(made().secret), text_of(made().secret)
    opened(old).put("one", ONE)
    with pytest.raises(MasterKeyError, match="put a new one before it"):
        opened(old).rotate()
    assert opened(f"{new}, {old}").rotate() == 1
    assert opened(new).secrets(["one"]) == {"one": ONE}
    with pytest.raises(CredentialError):
        opened(old).secrets(["one"])


def test_keys_never_print_themselves() -> None:
    """Only their names."""
    key = made()
    assert re.fullmatch(r"MasterKey\([0-9a-f]{16}\)", repr(key))
    assert given(text_of(key.secret)) == (key,)


# --- rotation ---------------------------------------------------------------------------------------------------------


def test_a_rotation_seals_everything_anew(store: CredentialStore, site: Site) -> None:
    """Under one new key; the old one is gone, and the time at which each credential was put stays."""
    before, (old,) = store.listed(), MasterKeyFile(site.folder).read()
    assert store.rotate() == 2
    after, (new,) = store.listed(), MasterKeyFile(site.folder).read()
    assert new != old
    assert {stored.key_id for stored in after} == {new.id}
    assert [stored.created for stored in after] == [stored.created for stored in before]
    assert store.secrets(["one", "two"]) == {"one": ONE, "two": TWO}


def test_a_rotation_that_was_cut_before_the_rows_is_ended_by_the_next(store: CredentialStore, site: Site) -> None:
    """The new key stands in the file, nothing is sealed with it; all is readable, and no third key is made."""
    file = MasterKeyFile(site.folder)
    begun = made()
    file.write((begun, *file.read()))
    assert store.secrets(["one", "two"]) == {"one": ONE, "two": TWO}
    assert store.rotate() == 2
    assert file.read() == (begun,)
    assert store.secrets(["one", "two"]) == {"one": ONE, "two": TWO}


def test_a_rotation_that_was_cut_after_the_rows_is_ended_by_the_next(store: CredentialStore, site: Site) -> None:
    """The rows are sealed anew, only the old key has not been forgotten."""
    file = MasterKeyFile(site.folder)
    old = file.read()
    store.rotate()
    new = file.read()
    file.write((*new, *old))
    assert store.secrets(["one"]) == {"one": ONE}
    store.put("one", Secret("sk-three"))
    assert store.rotate() == 2
    assert file.read() == new


@pytest.mark.slow
def test_a_rotation_that_is_killed_at_any_moment_loses_nothing(
    opened: Open, store: CredentialStore, site: Site
) -> None:
    """A process that does nothing but rotate, killed again and again."""
    script = (
        "import sys; from pathlib import Path; from penstock.stores.credentials import *;"
        "from penstock.stores.site import Site; site = Site(Path(sys.argv[1]), *map(Secret, sys.argv[2:]));"
        "store = CredentialStore(site.open(), site.folder)\n"
        "while True: print(store.rotate(), flush=True)"
    )
    for round_ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", script, site.folder, *server_of(site)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"2\n"
            time.sleep(0.013 * round_)
            os.kill(process.pid, signal.SIGKILL)
        assert opened().secrets(["one", "two"]) == {"one": ONE, "two": TWO}
        assert len(MasterKeyFile(site.folder).read()) <= 2
    store.rotate()
    assert len(MasterKeyFile(site.folder).read()) == 1


def test_puts_and_reads_during_rotations_are_never_wrong(opened: Open, store: CredentialStore, site: Site) -> None:
    """Two that rotate, one that puts, one that reads, each as if it were a process of its own."""
    rounds = 15

    def rotating() -> None:
        mine = opened()
        for _ in range(rounds):
            mine.rotate()

    def putting() -> None:
        mine = opened()
        for number in range(rounds * 2):
            mine.put("two", Secret(f"sk-{number}"))

    def reading() -> None:
        mine = opened()
        for _ in range(rounds * 4):
            assert mine.secrets(["one", "two"])["one"] == ONE

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for work in (rotating, rotating, putting, reading)]:
            done.result()
    assert opened().secrets(["one", "two"]) == {"one": ONE, "two": Secret(f"sk-{rounds * 2 - 1}")}
    store.rotate()
    assert len(MasterKeyFile(site.folder).read()) == 1
