"""The node alone, in a state of its own, for scripts/benchmarks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

from stack import postgres, processes
from stack.progress import step
from stack.settings import REPOSITORY, Settings
from stack.testing import isolated

NODE = ("dicom-receive", "dicom-archive", "dicom-web")


def run(settings: Settings, names: list[str], *, as_json: bool) -> int:
    """Start the node with an empty archive, measure, stop it."""
    settings = isolated(settings, "bench")
    shutil.rmtree(settings.home, ignore_errors=True)
    try:
        with step("Node for the benchmarks"):
            processes.start_data_services(settings)
            processes.migrate_index(settings)
            _pretend_configuration(settings)
            processes.start(settings, NODE)
            processes.wait_for_port(settings, "dicom")
            processes.wait_for_port(settings, "dicom-web")
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "scripts"),
            "YUNYING_BENCH_HOME": str(settings.home),
            "YUNYING_BENCH_DICOM_PORT": str(settings.dicom_port),
            "YUNYING_BENCH_WEB": f"http://127.0.0.1:{settings.web_port}/dicom-web",
            "YUNYING_BENCH_DSN": postgres.node_dsn(settings),
            "YUNYING_BENCH_PIDS": json.dumps(processes.pids(settings)),
        }
        command = [
            str(settings.python),
            "-m",
            "benchmarks",
            *names,
            *(["--json"] if as_json else []),
        ]
        return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode
    finally:
        processes.stop(settings)


def _pretend_configuration(settings: Settings) -> None:
    """What the portal would have told the node, in the copy that the node keeps."""
    device = {"ae_title": "BENCH", "hospital": "H001", "addresses": [], "active": True}
    document = {
        "check_calling_ae": True,
        "hospitals": [{"code": "H001", "active": True}],
        "devices": [device],
    }
    processes.node_configuration(settings).write_text(json.dumps(document))
