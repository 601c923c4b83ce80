"""What the web server's log keeps of a request: neither queries (a name, a password in the wrong
place) nor the secret in a share's link."""

import logging
import re

SHARE = re.compile(r"/s/[^\s?#\"]+")
QUERY = re.compile(r"\?[^\s#\"]*")


def without_secrets(line):
    return QUERY.sub("?-", SHARE.sub("/s/-", line))


class RequestLineFilter(logging.Filter):
    def filter(self, record):
        record.msg, record.args = without_secrets(record.getMessage()), ()
        return True


logging.getLogger("werkzeug").addFilter(RequestLineFilter())
