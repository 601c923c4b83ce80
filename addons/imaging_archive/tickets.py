"""Signed tickets for the node: docs/architecture.md, "Tickets". Nothing here decides who gets
one; that is the model `imaging.ticket`."""

import hashlib
import os
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from odoo.tools import config

ISSUER = "yunying"
AUDIENCE = "dicom-node"
LIFETIME = 900
RENEWAL_GRACE = 3600


class KeyUnavailableError(Exception):
    """The signing key is not configured or cannot be read; the message says which."""


class TicketRefusedError(Exception):
    """The ticket was not signed here, or is too old to be renewed."""


@dataclass(frozen=True, slots=True)
class Ticket:
    token: str
    number: str
    expires_in: int


class SigningKey:
    def __init__(self, private_key):
        self.private_key = private_key
        self.public_key = private_key.public_key()
        public_der = self.public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.kid = hashlib.sha256(public_der).hexdigest()[:16]

    def derive(self, purpose):
        """32 secret bytes for another purpose (`purpose`: bytes), from the same key file."""
        seed = self.private_key.private_bytes_raw()
        return HKDF(hashes.SHA256(), 32, salt=None, info=purpose).derive(seed)


def signing_key():
    """The platform's key, read anew when its file has changed; raises KeyUnavailableError."""
    path = os.environ.get("YUNYING_TICKET_KEY") or config.get("yunying_ticket_key")
    if not path:
        raise KeyUnavailableError("YUNYING_TICKET_KEY does not name the ticket key's file.")
    try:
        return _read_key(path, Path(path).stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise KeyUnavailableError(f"The ticket key {path} cannot be read: {error}") from error


@lru_cache(maxsize=2)
def _read_key(path, _changed):
    key = serialization.load_pem_private_key(Path(path).read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("it is not an Ed25519 private key")
    return SigningKey(key)


def sign(*, subject, scope, perms, anonymous, purpose, label, lifetime=LIFETIME):
    """A new Ticket. `lifetime` in seconds, cut to 15 minutes; raises KeyUnavailableError."""
    key = signing_key()
    now = int(time.time())
    seconds = max(1, min(int(lifetime), LIFETIME))
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "jti": secrets.token_urlsafe(16),
        "sub": subject,
        "iat": now,
        "nbf": now,
        "exp": now + seconds,
        "scope": scope,
        "perms": sorted(perms),
        "anon": anonymous,
        "purpose": purpose,
        "label": label,
    }
    token = jwt.encode(claims, key.private_key, "EdDSA", {"kid": key.kid})
    return Ticket(token, claims["jti"], seconds)


def read(token):
    """The claims of a ticket signed here, up to an hour after it expired (a phone's tab sleeps);
    raises TicketRefusedError."""
    try:
        return jwt.decode(
            token,
            signing_key().public_key,
            ["EdDSA"],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=RENEWAL_GRACE,
            options={"require": ["exp", "sub", "jti", "scope", "perms", "anon", "purpose"]},
        )
    except jwt.InvalidTokenError as error:
        raise TicketRefusedError(str(error)) from error
