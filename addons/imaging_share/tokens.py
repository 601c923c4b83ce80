"""The secret in a share's link.

It is derived from the platform's key and a number kept with the share: its owner can be shown
the link again, while the database alone (a stolen backup) opens nothing.
"""

import base64
import hashlib
import hmac
import secrets

from odoo.addons.imaging_archive import tickets

# No characters that are mistaken for each other when read from a screen.
LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"
PASSWORD_LENGTH = 6


def new_nonce():
    return secrets.token_hex(16)


def token_of(nonce):
    """The 43 characters of the link (256 bits); raises tickets.KeyUnavailableError."""
    key = tickets.signing_key().derive(b"yunying share link")
    digest = hmac.digest(key, nonce.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def digest_of(token):
    """What the database keeps and finds a share by."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_password():
    return "".join(secrets.choice(LEGIBLE) for _ in range(PASSWORD_LENGTH))
