"""Certificates for tests, made by the openssl command; a test that needs one skips where there is none."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


class Authority:
    """A certificate authority of its own, and a certificate for ``names``, which ends in so many ``days``."""

    def __init__(self, folder: Path, *, names: str = "DNS:localhost,IP:127.0.0.1", days: int = 2) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("skipped: there is no openssl command to make a certificate with")
        self.file = folder / "authority.pem"
        self.certificate = folder / "certificate.pem"
        self.key = folder / "key.pem"
        extensions = folder / "extensions"
        extensions.write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        _openssl(folder, "req", "-x509", *key, "-keyout", "authority.key", "-out", self.file.name, "-days", "2",
                 "-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
        _openssl(folder, "req", *key, "-keyout", self.key.name, "-out", "request.pem", "-subj", "/CN=localhost")
        _openssl(folder, "x509", "-req", "-in", "request.pem", "-CA", self.file.name, "-CAkey", "authority.key",
                 "-CAcreateserial", "-days", str(days), "-extfile", "extensions",
                 "-out", self.certificate.name)  # fmt: skip

    def server(self) -> ssl.SSLContext:
        """What a server shows."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def client(self) -> ssl.SSLContext:
        """What a client trusts."""
        return ssl.create_default_context(cafile=str(self.file))


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
