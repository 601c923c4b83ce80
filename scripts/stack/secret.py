"""Keys and passwords of one installation, made once, readable by their owner alone."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path

from stack.problem import Problem
from stack.settings import Settings

TICKET_KEY = "ticket-private.pem"
TICKET_PUBLIC_KEY = "ticket-public.pem"
PORTAL_API_KEY = "portal-api-key"


def password(settings: Settings, name: str) -> str:
    """The generated password of this name."""
    path = settings.directory("secrets") / name
    if not path.exists():
        write(path, secrets.token_urlsafe(24))
    return path.read_text()


def ticket_keys(settings: Settings) -> None:
    """Have the Ed25519 pair that signs tickets (portal) and verifies them (node)."""
    private = settings.directory("secrets") / TICKET_KEY
    public = settings.directory("secrets") / TICKET_PUBLIC_KEY
    if not private.exists():
        write(private, _openssl("genpkey", "-algorithm", "ed25519"))
    if not public.exists():
        write(public, _openssl("pkey", "-in", str(private), "-pubout"))


def write(path: Path, text: str) -> None:
    """Put a secret into a file of mode 600, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.rename(path)


def _openssl(*arguments: str) -> str:
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        raise Problem(f"openssl {arguments[0]} failed: {result.stderr.strip()}")
    return result.stdout
