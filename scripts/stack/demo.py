"""The demonstration images, sent once through the DICOM port as a modality would send them."""

from __future__ import annotations

import shutil
from pathlib import Path

from stack import processes
from stack.progress import run, step
from stack.settings import REPOSITORY, Settings

GENERATOR = REPOSITORY / "data" / "demo"


def load(settings: Settings) -> None:
    """Generate the images and send each device's folder under that device's AE title."""
    stamp = settings.home / "demo.stamp"
    if stamp.exists():
        return
    log = processes.log_path(settings, "demo")
    images = settings.home / "demo-images"
    shutil.rmtree(images, ignore_errors=True)
    with step("Demonstration images: generating"):
        run(
            [settings.python, GENERATOR, images],
            log=log,
            failure="generating the demonstration images failed",
        )
    with step("Demonstration images: sending through the DICOM port"):
        for device in sorted(path for path in images.iterdir() if path.is_dir()):
            _send(settings, device, log)
    shutil.rmtree(images)
    stamp.touch()


def _send(settings: Settings, device: Path, log: Path) -> None:
    run(
        [
            settings.python.with_name("dicom-node"),
            "send",
            *("--host", "127.0.0.1", "--port", str(settings.dicom_port)),
            *("--calling-ae", device.name, "--called-ae", "YUNYING"),
            device,
        ],
        log=log,
        failure=f"sending the demonstration images of {device.name} failed",
    )
