"""A front end on Windows: the same program without what Windows does not have; its installer."""

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from dicom_node import config, hospital
from dicom_node.config import ConfigError
from dicom_node.dimse import policy
from dicom_node.spool import durable
from dicom_node.supervisor import Supervisor

from . import samples
from .front_end import FrontEnd
from .sender import send
from .stack import REPOSITORY, Stack, wait_until
from .test_upload import assert_arrived

FALSE_WINDOWS = Path(__file__).parent / "false_windows"
WINDOWS = REPOSITORY / "packaging" / "windows"
# What each package of the lock is called when it is imported.
IMPORTED = {"python-dateutil": "dateutil", "typing-extensions": "typing_extensions"}


def locked() -> dict[str, str]:
    """Package and condition of each line of the front end's lock."""
    text = (REPOSITORY / "requirements-node.txt").read_text()
    return {
        name: condition or ""
        for name, condition in re.findall(r"^([a-z0-9-]+)==\S+ (?:; (.*?) )?\\$", text, re.M)
    }


@pytest.mark.req("ARC-4.7", part=True)
def test_a_front_end_without_what_windows_does_not_have(stack: Stack, tmp_path: Path) -> None:
    """It receives, uploads, is killed, goes on, and ends when it is asked to."""
    front_end = FrontEnd(tmp_path, stack)
    front_end.environment["PYTHONPATH"] = str(FALSE_WINDOWS)
    try:
        front_end.start_all()
        messages = [samples.message(dataset) for dataset in samples.slices(20)]
        assert all(a and a.status == 0 for a in send(front_end.dicom_port, messages[:10]))
        front_end.kill("receive")
        front_end.kill("upload")
        front_end.start()
        wait_until(front_end._listens, "it listens again")
        assert all(a and a.status == 0 for a in send(front_end.dicom_port, messages[10:]))
        front_end.wait_uploaded()
        assert_arrived(stack, messages)
        for name in ("receive", "upload"):
            process = front_end.processes.pop(name)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        assert "Traceback" not in (tmp_path / "receive.log").read_text()
    finally:
        front_end.close()


def test_the_front_end_runs_with_its_own_lock_alone() -> None:
    """What is not in it cannot be imported; what pydicom would like to have besides may fail."""
    script = (
        "import importlib.abc, sys, sysconfig\n"
        f"named = {sorted(IMPORTED.get(name, name) for name in locked())!r}\n"
        "class Others(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        top = name.partition('.')[0]\n"
        "        known = {*named, *sys.stdlib_module_names, 'dicom_node'}\n"
        "        if top in known or top.startswith('_sysconfigdata'):\n"
        "            return None\n"
        "        raise ImportError(name)\n"
        "sys.meta_path.insert(0, Others())\n"
        "import dicom_node.cli, dicom_node.dimse.process, dicom_node.upload.process\n"
        "import dicom_node.dimse.watchdog, dicom_node.supervisor\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stderr


def test_the_lock_has_windows_own_packages_for_windows_alone() -> None:
    names = locked()
    assert names["pywin32"] == names["tzdata"] == "sys_platform == 'win32'"
    assert {"uvloop", "psycopg", "redis"}.isdisjoint(names)


@pytest.mark.parametrize("name", ["CON", "NUL", "COM1", "LPT9", "AUX"])
def test_a_device_of_windows_is_no_hospital_there(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hospital.is_device(name)
    assert not hospital.is_device("H001")
    monkeypatch.setattr(hospital.os, "name", "nt")
    assert not hospital.is_code(name)
    assert hospital.is_code("CON1")
    document = {
        "check_calling_ae": True,
        "hospitals": [{"code": name, "active": True}],
        "devices": [{"ae_title": "A", "hospital": name, "addresses": [], "active": True}],
    }
    with pytest.raises(policy.InvalidConfigurationError, match=name):
        policy.parse(document)


def test_names_do_not_differ_by_case_alone() -> None:
    """Codes and ids are of capitals, since Windows takes H001 and h001 for the same."""
    assert not hospital.is_code("h001")


def test_a_spool_that_lies_too_deep_for_windows_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"spool\.path"):
        config._check_length("spool.path", Path("C:/" + "x" * 130))


def test_a_file_is_renamed_so_that_a_power_cut_does_not_undo_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Windows is told to replace, and to write through."""
    calls: list[tuple[str, str, int]] = []

    class Kernel:
        @staticmethod
        def MoveFileExW(old: object, new: object, flags: int) -> int:  # noqa: N802
            calls.append((old.value, new.value, flags))  # type: ignore[attr-defined]
            return len(calls) == 1

        @staticmethod
        def GetLastError() -> int:  # noqa: N802
            return 5

    class Windll:
        kernel32 = Kernel

    monkeypatch.setattr(durable.ctypes, "windll", Windll, raising=False)
    durable.rename("a.part", "a.dcm")
    assert calls == [("a.part", "a.dcm", 0x1 | 0x8)]
    with pytest.raises(OSError, match="MoveFileEx"):
        durable.rename("a.part", "a.dcm")


def test_the_services_processes_are_kept_running_and_ended(tmp_path: Path) -> None:
    script = tmp_path / "process.py"
    script.write_text(
        "import os, sys\n"
        "print(os.getpid(), flush=True)\n"
        "sys.stdin.buffer.read()\n"
        "print('ended', flush=True)\n"
    )
    supervisor = Supervisor({"receive": [sys.executable, str(script)]}, tmp_path / "log")
    supervisor.start()
    log = tmp_path / "log" / "receive.log"
    try:
        first = wait_until(lambda: log.exists() and log.read_text().split(), "it runs")
        os.kill(int(first[0]), signal.SIGKILL)
        wait_until(lambda: len(log.read_text().split()) == 2, "it runs again")
    finally:
        started = time.monotonic()
        supervisor.stop()
    assert time.monotonic() - started < 5
    assert log.read_text().split()[-1] == "ended"


def test_a_supervised_process_ends_with_its_input(tmp_path: Path) -> None:
    script = "from dicom_node import signals; signals.hold(); print(signals.wait())"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(FALSE_WINDOWS), "YUNYING_SUPERVISED": "1"},
    )  # fmt: skip
    time.sleep(0.5)
    assert process.poll() is None
    output, _ = process.communicate(timeout=10)
    assert output.strip() == b"2"


@pytest.mark.req("ARC-4.5", "ARC-4.7", part=True)
def test_the_installer_writes_the_settings_that_the_node_reads() -> None:
    """Gateway, hospital's code, where files lie: the installer's own template, filled in."""
    text = (WINDOWS / "install.ps1").read_text()
    template = text.split('@"\n', 1)[1].split('\n"@', 1)[0]
    values = {"$DicomPort": "104", "$(ConvertTo-Toml $Hospital)": '"H001"'}
    filled = re.sub(
        r"\$\(ConvertTo-Toml [^\n]*\)|\$DicomPort",
        lambda found: values.get(found[0], '"' + re.escape(r"D:\\x") + '"'),
        template,
    )
    document = tomllib.loads(filled)
    assert document["upload"] == {"hospital": "H001"}
    assert document["dicom"]["port"] == 104
    known = {name: set(kind.__dataclass_fields__) for name, kind in _sections().items()}
    for section, keys in document.items():
        assert set(keys) <= known[section]
    assert document.keys() >= config.FRONT_END


def _sections() -> dict[str, type]:
    return {
        "dicom": config.Dicom, "spool": config.Directory, "quarantine": config.Directory,
        "portal": config.Portal, "upload": config.Upload,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["install.ps1", "uninstall.ps1"])
def test_a_script_for_powershell_is_whole(name: str) -> None:
    """Every bracket and here-string is closed, and every error ends it."""
    text = (WINDOWS / name).read_text()
    assert text.isascii(), "PowerShell 5 reads a file without a mark in the system's own code page"
    assert "$ErrorActionPreference = 'Stop'" in text
    assert text.count('@"\n') == text.count('\n"@')
    bare = re.sub(r"<#[\s\S]*?#>|'[^'\n]*'|^\s*#.*$", "", text, flags=re.M)
    for opened, closed in ("()", "{}", "[]"):
        assert bare.count(opened) == bare.count(closed), opened
    assert not re.search(r"Invoke-Expression|iex |-ExecutionPolicy", text)
