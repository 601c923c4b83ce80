"""``dicom-node render``."""

import asyncio
import signal

from dicom_node.config import Config
from dicom_node.portal import Portal
from dicom_node.render.gateway import Gateway
from dicom_node.report import Reporter


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(_run(config))
    return 0


async def _run(config: Config) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    gateway = Gateway(config)
    settings = config.portal
    portal = Portal(settings.url, settings.database, settings.api_key_file)
    Reporter(portal, "render", gateway.report, settings.report_seconds).start()
    await gateway.serve(stopping)
