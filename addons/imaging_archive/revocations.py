"""The list of revoked tickets in Redis that the node looks at with every request."""

import os
from functools import lru_cache

import redis
from odoo.tools import config

KEPT = 3600
TIMEOUT = 2


class RevocationError(Exception):
    """Redis could not be told; the message says why."""


def publish(names):
    """Revoke tickets by subject or number (`names`: list of str); raises RevocationError."""
    url = os.environ.get("YUNYING_REDIS_URL") or config.get("yunying_redis_url")
    if not url:
        raise RevocationError("YUNYING_REDIS_URL is not set")
    try:
        with _client(url).pipeline(transaction=False) as pipe:
            for name in names:
                pipe.set(f"yunying:revoked:{name}", 1, ex=KEPT)
            pipe.execute()
    except (redis.RedisError, ValueError) as error:
        raise RevocationError(f"{type(error).__name__}: {error}") from error


@lru_cache(maxsize=1)
def _client(url):
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
