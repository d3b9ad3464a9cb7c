"""Agents that edit a file with private values, with scrubbing on: the disk has the values, the provider saw none.

The model of these tests knows a file only as it was shown to it, and so gives tools the tokens that it read there.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.clients.cli import anthropic_stream, claude_code, codex, gemini_cli, gemini_stream, responses_stream
from tests.clients.cli.stage import Stage, staged
from tests.support.private_values import told_anywhere
from tests.support.provider import Received, Scripted

MAIL, SECRET = "anna.berg41@kolbenfeld-werke.de", "AKIA" + "Q3EGRZ5VKWM7LTPA"
BEFORE = f"OWNER={MAIL}\nAWS_ACCESS_KEY_ID={SECRET}\n"
AFTER = f"OWNER={MAIL}\nAWS_ACCESS_KEY_ID={SECRET}\n# {MAIL} keeps {SECRET}\n"

Told = Callable[[str, str], Scripted]


def shown(answer: Told) -> Callable[[Received], Scripted]:
    """What the model says that has been shown the file: it knows both values by their tokens."""

    def say(request: Received) -> Scripted:
        mails = re.findall(r"EMAIL_[b-z2-9]{10}", request.body.decode())
        keys = re.findall(r"SECRET_[b-z2-9]{10}", request.body.decode())
        assert mails, "the file was not shown, or not masked"
        assert keys, "the file was not shown, or not masked"
        return answer(mails[-1], keys[-1])

    return say


def judge(scene: Stage, path: Path, *, calls: int) -> None:
    """The true values stand on the disk, and in nothing that the provider received."""
    assert path.read_text() == AFTER
    assert len(scene.received) >= calls
    for request in scene.received:
        assert told_anywhere(request.body, [MAIL, SECRET]) == []
        assert told_anywhere(repr((request.target, request.headers)).encode(), [MAIL, SECRET]) == []


def test_claude_code_edits_a_file(tmp_path: Path) -> None:
    """It reads, and edits what it read: a line after the two with the values."""
    path = tmp_path / "stage" / "work" / "shop.env"
    read = anthropic_stream.message(anthropic_stream.call("Read", 1, file_path=str(path)))

    def edit(mail: str, key: str) -> Scripted:
        old = f"OWNER={mail}\nAWS_ACCESS_KEY_ID={key}\n"
        call = anthropic_stream.call(
            "Edit", 2, file_path=str(path), old_string=old, new_string=f"{old}# {mail} keeps {key}\n"
        )
        return anthropic_stream.message(call)

    def done(mail: str, key: str) -> Scripted:
        return anthropic_stream.message(anthropic_stream.text(f"{mail} is told; {key} is safe."))

    with staged(tmp_path / "stage", [read, shown(edit), shown(done)], scrub=True, intensity="") as scene:
        path.write_text(BEFORE)
        told = claude_code.ask(scene, "add a note", "--allowedTools", "Read,Edit")
        judge(scene, path, calls=3)
        assert told.code == 0
        assert f"{MAIL} is told; SECRET_" in told.out, "keys come back to tools alone"
        assert SECRET not in told.out


def test_codex_edits_a_file(tmp_path: Path) -> None:
    """It looks with a shell, and writes with one."""
    path = tmp_path / "stage" / "work" / "shop.env"
    look = responses_stream.response(responses_stream.call("exec_command", 1, cmd=f"cat {path}"))

    def write(mail: str, key: str) -> Scripted:
        words = f"printf '# %s keeps %s\\n' '{mail}' '{key}' >> {path}"
        return responses_stream.response(responses_stream.call("exec_command", 2, cmd=words))

    done = responses_stream.response(responses_stream.words("Done."))
    with staged(tmp_path / "stage", [look, shown(write), done], scrub=True, intensity="") as scene:
        path.write_text(BEFORE)
        told = codex.ask(scene, "add a note", "--dangerously-bypass-approvals-and-sandbox")
        judge(scene, path, calls=3)
        assert told.out == "Done.\n"


def test_gemini_cli_edits_a_file(tmp_path: Path) -> None:
    """It looks and writes with its shell."""
    path = tmp_path / "stage" / "work" / "shop.env"
    look = gemini_stream.chunks(gemini_stream.call("run_shell_command", command=f"cat {path}", description="x"))

    def write(mail: str, key: str) -> Scripted:
        words = f"printf '# %s keeps %s\\n' '{mail}' '{key}' >> {path}"
        return gemini_stream.chunks(gemini_stream.call("run_shell_command", command=words, description="x"))

    done = gemini_stream.chunks(gemini_stream.text("Done."))
    with staged(tmp_path / "stage", [look, shown(write), done], scrub=True, intensity="") as scene:
        path.write_text(BEFORE)
        told = gemini_cli.ask(scene, "add a note", "--approval-mode", "yolo", "-m", "gemini-2.5-flash")
        judge(scene, path, calls=3)
        assert told.out == "Done.\n"
        assert json.loads(scene.received[0].body)["contents"]
