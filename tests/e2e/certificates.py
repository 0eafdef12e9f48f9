"""Certificates for origins that speak TLS, made by openssl in a test's own folder."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Authority:
    """A CA that signs certificates for whatever is asked."""

    def __init__(self, folder: Path, name: str = "ca"):
        self.folder = folder
        self.key = folder / f"{name}.key"
        self.certificate = folder / f"{name}.pem"
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-keyout", str(self.key), "-out", str(self.certificate), "-subj", f"/CN=Test {name}"),
        )

    def issue(self, subject_alt_name: str) -> tuple[Path, Path]:
        """A certificate and its key."""
        key, request, leaf = (self.folder / f"leaf.{suffix}" for suffix in ("key", "csr", "pem"))
        extensions = self.folder / "leaf.ext"
        extensions.write_text(f"subjectAltName={subject_alt_name}\n")
        openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", str(key), "-out", str(request), "-subj", "/CN=origin"),
        )
        openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self.key)),
            *("-CAcreateserial", "-days", "2", "-extfile", str(extensions), "-out", str(leaf)),
        )
        return leaf, key

    def server_context(self, subject_alt_name: str = "IP:127.0.0.1") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(subject_alt_name))
        return context
