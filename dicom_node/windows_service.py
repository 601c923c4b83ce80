"""The Windows service of a front end: ``receive`` and ``upload``, kept running.

``python -m dicom_node.windows_service --startup auto install`` registers it. It reads the file
``YUNYING_CONFIG`` of the service's environment, and writes to ``log`` beside it.
"""

import os
import sys
import threading
from pathlib import Path

import servicemanager
import win32service
import win32serviceutil

from dicom_node.supervisor import Supervisor

CONFIG = "YUNYING_CONFIG"
PROCESSES = ("receive", "upload")


class FrontEndService(win32serviceutil.ServiceFramework):  # type: ignore[misc]
    """Called by the service control manager, by these names."""

    _svc_name_ = "YunYingFrontEnd"
    _svc_display_name_ = "YunYing front end (DICOM)"
    _svc_description_ = "Receives images from the modalities and uploads them to the centre."
    # pywin32's own host process imports no package of a virtual environment.
    _exe_name_ = sys.executable
    _exe_args_ = "-m dicom_node.windows_service"

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._ended = threading.Event()

    def SvcStop(self) -> None:  # noqa: N802 - pywin32's name
        self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, waitHint=15_000)
        self._ended.set()

    def SvcDoRun(self) -> None:  # noqa: N802 - pywin32's name
        config = Path(os.environ[CONFIG])
        commands = {
            name: [sys.executable, "-m", "dicom_node.cli", name, "--config", str(config)]
            for name in PROCESSES
        }
        supervisor = Supervisor(commands, config.parent / "log")
        supervisor.start()
        self._ended.wait()
        supervisor.stop()


def main() -> None:
    """What the service control manager starts has no arguments; a person gives some."""
    if len(sys.argv) > 1:
        win32serviceutil.HandleCommandLine(FrontEndService)
        return
    servicemanager.Initialize()
    servicemanager.PrepareToHostSingle(FrontEndService)
    servicemanager.StartServiceCtrlDispatcher()


if __name__ == "__main__":
    main()
