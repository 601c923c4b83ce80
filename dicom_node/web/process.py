"""``dicom-node web``."""

import signal

import uvicorn

from dicom_node.config import Config
from dicom_node.web.app import create


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT."""
    settings = uvicorn.Config(
        create(config),
        host=config.web.host,
        port=config.web.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1,::1",
        limit_concurrency=512,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops by itself, and then raises the signal once more for whoever ran it.
        signal.signal(number, lambda *_: None)
    uvicorn.Server(settings).run()
    return 0
