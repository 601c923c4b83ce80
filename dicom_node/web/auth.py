"""Tickets: signed by the portal, checked here with its public key and the revocation list."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from redis.asyncio import Redis
from redis.exceptions import RedisError

from dicom_node import hospital
from dicom_node.dataset.uid import is_uid
from dicom_node.web.problem import Problem, unavailable
from dicom_node.web.ticket import Ticket

ISSUER, AUDIENCE = "yunying", "dicom-node"
MAX_TOKEN = 65_536
MAX_LIFETIME = 900
LEEWAY = 5
MAX_KEYS = 8
MAX_LABEL = 256
REVOCATION_CACHE_SECONDS = 1.0
MAX_CACHED = 10_000
PERMISSIONS = frozenset(("view", "download", "store", "annotate", "render"))
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


class Keys:
    """The portal's public keys, read anew when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changed: int | None = None
        self._keys: Sequence[Ed25519PublicKey] = ()

    def current(self) -> Sequence[Ed25519PublicKey]:
        try:
            changed = self.path.stat().st_mtime_ns
            if changed != self._changed:
                self._keys = [
                    key
                    for pem in _PEM.findall(self.path.read_bytes())[:MAX_KEYS]
                    if isinstance(key := load_pem_public_key(pem), Ed25519PublicKey)
                ]
                self._changed = changed
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise unavailable("Tickets cannot be checked: the public key is missing.") from error
        if not self._keys:
            raise unavailable("Tickets cannot be checked: the public key is missing.")
        return self._keys


def verify(token: str, keys: Sequence[Ed25519PublicKey]) -> Ticket:
    """Check signature, times and claims; raise `Problem` 401."""
    if len(token) > MAX_TOKEN:
        raise _invalid()
    for key in keys:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY,
                options={"require": ["iss", "aud", "jti", "sub", "iat", "nbf", "exp"]},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.ExpiredSignatureError as error:
            raise Problem(401, "ticket_expired", "The ticket has expired.") from error
        except jwt.InvalidTokenError as error:
            raise _invalid() from error
        return _ticket(claims)
    raise _invalid()


def _invalid() -> Problem:
    return Problem(401, "ticket_invalid", "The ticket is not valid.")


def _ticket(claims: dict[str, Any]) -> Ticket:
    try:
        if claims["exp"] - claims["iat"] > MAX_LIFETIME + LEEWAY:
            raise _invalid()
        studies, hospitals = _scope(claims["scope"])
        permissions, anonymous = frozenset(claims["perms"]), claims["anon"]
        identity = (claims["jti"], claims["sub"], claims["purpose"])
    except (KeyError, TypeError) as error:
        raise _invalid() from error
    if not isinstance(anonymous, bool) or not permissions <= PERMISSIONS:
        raise _invalid()
    if not all(isinstance(text, str) and 0 < len(text) <= 64 for text in identity):
        raise _invalid()
    label = claims.get("label")
    label = label[:MAX_LABEL] if isinstance(label, str) else ""
    ticket, subject, purpose = identity
    return Ticket(ticket, subject, studies, hospitals, permissions, anonymous, purpose, label)


def _scope(scope: Any) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    if not isinstance(scope, dict) or len(scope) != 1:
        raise _invalid()
    ((kind, values),) = scope.items()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _invalid()
    if kind == "studies" and all(is_uid(value) for value in values):
        return frozenset(values), None
    if kind == "hospitals" and all(value == "*" or hospital.is_code(value) for value in values):
        return None, frozenset(values)
    raise _invalid()


class Revocations:
    """Whether a ticket or its subject was revoked; the answer is at most a second old."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._checked: dict[tuple[str, str], tuple[float, bool]] = {}

    async def check(self, ticket: Ticket) -> None:
        """Raise `Problem` 401 when revoked, 503 when that cannot be known."""
        key = (ticket.subject, ticket.id)
        now = time.monotonic()
        at, revoked = self._checked.get(key, (-REVOCATION_CACHE_SECONDS, False))
        if now - at >= REVOCATION_CACHE_SECONDS:
            names = [f"yunying:revoked:{part}" for part in key]
            try:
                found = await self._redis.mget(names)
            except (RedisError, OSError) as error:
                raise unavailable("Tickets cannot be checked for revocation.") from error
            revoked = any(value is not None for value in found)
            if len(self._checked) >= MAX_CACHED:
                self._checked.clear()
            self._checked[key] = (now, revoked)
        if revoked:
            raise Problem(401, "ticket_revoked", "The ticket was revoked.")

    async def close(self) -> None:
        await self._redis.aclose()


class Authenticator:
    """From a request's Authorization header to a ticket that holds."""

    def __init__(self, key_file: Path, redis_url: str) -> None:
        self.keys = Keys(key_file)
        self.revocations = Revocations(redis_url)

    async def __call__(self, authorization: str) -> Ticket:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Problem(401, "ticket_missing", "A ticket is needed: Authorization: Bearer …")
        ticket = verify(token.strip(), self.keys.current())
        await self.revocations.check(ticket)
        return ticket
