"""``dicom-node web``."""

import signal

import uvicorn

from dicom_node.config import Config
from dicom_node.portal import Portal
from dicom_node.report import Reporter
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
    server = uvicorn.Server(settings)
    _report(config, server)
    server.run()
    return 0


def _report(config: Config, server: uvicorn.Server) -> None:
    """Tell the portal how many requests were answered since the start."""
    settings = config.portal
    portal = Portal(settings.url, settings.database, settings.api_key_file)
    state = server.server_state
    Reporter(
        portal, "web", lambda: {"requests": state.total_requests}, settings.report_seconds
    ).start()
