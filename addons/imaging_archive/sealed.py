"""Secrets of others (an object store's key) as the database keeps them: encrypted with a key that
lies beside it in a file, so that a copy of the database opens nothing."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import tickets

PURPOSE = b"yunying stored secrets"
NONCE = 12


class SealError(Exception):
    """The text was sealed with another key, or is damaged."""


def seal(text, context):
    """`text` encrypted for `context` (bytes): opened under another context it is refused."""
    nonce = os.urandom(NONCE)
    sealed = AESGCM(tickets.signing_key().derive(PURPOSE)).encrypt(nonce, text.encode(), context)
    return base64.b64encode(nonce + sealed).decode()


def unseal(text, context):
    """The text again; raises SealError, and KeyUnavailableError without the key's file."""
    raw = base64.b64decode(text)
    key = AESGCM(tickets.signing_key().derive(PURPOSE))
    try:
        return key.decrypt(raw[:NONCE], raw[NONCE:], context).decode()
    except (InvalidTag, ValueError) as error:
        raise SealError("The secret was stored under another key: enter it again.") from error
