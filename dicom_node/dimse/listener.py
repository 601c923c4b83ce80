"""A port that is listened at for ever: a listener that dies is opened again."""

import threading
import time
from ssl import SSLContext

from dicom_node import log
from dicom_node.dimse.scp import Scp

# Seconds before it is opened again.
REOPEN = 1.0


class Listener:
    """Bound when made, which raises OSError when it cannot be; served from `start` to `stop`."""

    def __init__(self, scp: Scp, port: int, tls: SSLContext | None) -> None:
        self._scp, self._port, self._tls = scp, port, tls
        self._server = scp.listen(port, tls)
        self._stopping = False

    def start(self) -> None:
        threading.Thread(target=self._serve, name="listener", daemon=True).start()

    def stop(self) -> None:
        """Accept nobody any more; who is connected goes on."""
        self._stopping = True
        self._server.server_close()

    def _serve(self) -> None:
        while not self._stopping:
            try:
                self._server.serve_forever()
            except Exception as error:  # noqa: BLE001 - whatever it is, modalities must be served
                self._alarm("a listener died", repr(error))
            time.sleep(REOPEN)
            self._reopen()

    def _reopen(self) -> None:
        if self._stopping:
            return
        self._server.server_close()
        try:
            self._server = self._scp.listen(self._port, self._tls)
        except OSError as error:
            self._alarm("a port cannot be opened", str(error))

    def _alarm(self, what: str, error: str) -> None:
        if not self._stopping:
            log.get().critical("alarm", what=what, port=self._port, error=error)
