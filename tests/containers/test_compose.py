"""The containers of docker/compose.yaml, built and run by buildah, which needs no engine.

The base image is made by debootstrap from this machine's Debian mirror; each service's command,
user, environment and volume are those that the compose file names. Run by `scripts/test
containers`, as root: it takes minutes and a gigabyte, so it is no part of the other suites.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((REPOSITORY / "docker" / "compose.yaml").read_text())
BUILDAH = ["buildah", "--storage-driver=vfs"]
IMAGE, BASE = "localhost/yunying-test:latest", "localhost/yunying-test-base:latest"
HTTP_PORT, DICOM_PORT, INTERNAL_PORT = 28480, 28490, 28460
ORDER = ("postgres", "redis", "prepare", "odoo", "dicom-receive", "dicom-archive",
         "dicom-retrieve", "dicom-web", "dicom-render", "nginx")  # fmt: skip


def run(*command, **options):
    result = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    if result.returncode:
        pytest.fail(f"{command}\n{result.stdout[-2000:]}{result.stderr[-4000:]}", pytrace=False)
    return result.stdout.strip()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The image of docker/Dockerfile over a Debian of this machine's mirror."""
    missing = [name for name in ("buildah", "podman", "debootstrap") if not shutil.which(name)]
    if missing or os.geteuid():
        pytest.skip(f"needs root and {' '.join(missing)}")
    root = tmp_path_factory.mktemp("base") / "root"
    run("debootstrap", "--variant=minbase", "bookworm", root, mirror())
    for path in ("/etc/apt", "/usr/local/share/ca-certificates", "/etc/pip.conf"):
        if Path(path).exists():  # whatever this machine needs to reach its package registries
            run("cp", "-rT", path, f"{root}{path}")
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    settings = [f"ENV {name}={bundle}" for name in ("PIP_CERT", "SSL_CERT_FILE",
                                                    "NODE_EXTRA_CA_CERTS")]  # fmt: skip
    changes = [part for line in settings for part in ("--change", line)]
    run("tar", "-C", root, "-cf", f"{root}.tar", ".")
    run("podman", "--storage-driver=vfs", "import", *changes, f"{root}.tar", BASE)
    shutil.rmtree(root)
    run(*BUILDAH, "bud", "--isolation", "chroot", "--network", "host",
        "--build-arg", f"BASE={BASE}", "-t", IMAGE, "-f", "docker/Dockerfile", ".",
        cwd=REPOSITORY)  # fmt: skip
    yield IMAGE
    run(*BUILDAH, "rmi", "--force", IMAGE, BASE)


def mirror():
    rows = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)",
               "Created-By: Packages")  # fmt: skip
    return next(row.split()[0] for row in rows.splitlines() if row.endswith(" Debian"))


@pytest.fixture(scope="module")
def pod(image, tmp_path_factory):
    """Every service of the compose file, in the order of their dependencies."""
    state = tmp_path_factory.mktemp("state")
    os.chown(state, 10001, 10001)
    state.chmod(0o700)
    for parent in state.parents[:3]:
        parent.chmod(0o711)
    container = run(*BUILDAH, "from", "--pull-never", image)
    entrypoint = json.loads(run(*BUILDAH, "inspect", container))["OCIv1"]["config"]["Entrypoint"]
    running = []
    for name in ORDER:
        command = command_of(name, container, entrypoint, state)
        if name == "prepare":
            run(*command)
            continue
        log = (tmp_path_factory.getbasetemp() / f"{name}.log").open("w")
        running.append(subprocess.Popen(command, stdout=log, stderr=log))
        if name in ("postgres", "redis"):
            wait_for(INTERNAL_PORT + (3 if name == "postgres" else 4))
    yield
    for process in reversed(running):
        process.terminate()
    for process in running:
        process.wait(60)
    run(*BUILDAH, "rm", container)


def command_of(name, container, entrypoint, state):
    service = COMPOSE["services"][name]
    variables = {
        **service["environment"],
        "YUNYING_BIND": "127.0.0.1",
        "YUNYING_ORIGIN": f"http://127.0.0.1:{HTTP_PORT}",
        "YUNYING_PRODUCTION": "1",
        "YUNYING_HTTP_PORT": str(HTTP_PORT),
        "YUNYING_DICOM_PORT": str(DICOM_PORT),
        "YUNYING_INTERNAL_PORT": str(INTERNAL_PORT),
    }
    environment = [part for pair in variables.items() for part in ("--env", "=".join(pair))]
    (volume,) = service["volumes"]
    return [*BUILDAH, "run", "--isolation", "chroot", "--network", "host", "--user", "yunying",
            "--volume", f"{state}:{volume.split(':')[1]}", *environment, container,
            *entrypoint, *service["command"]]  # fmt: skip


def wait_for(port, seconds=120):
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, f"nothing listens on port {port}"
        time.sleep(0.2)


@pytest.mark.req("ARC-1.2")
@pytest.mark.timeout(1200)
def test_the_product_runs_as_containers(pod):
    for port in (HTTP_PORT, DICOM_PORT, INTERNAL_PORT, INTERNAL_PORT + 2):
        wait_for(port)
    for path in ("/web/login", "/viewer/", "/dicom-web/healthz"):
        with urllib.request.urlopen(f"http://127.0.0.1:{HTTP_PORT}{path}", timeout=60) as answer:
            assert answer.status == 200
    run("echoscu", "-aet", "YUNYING", "-aec", "YUNYING", "127.0.0.1", DICOM_PORT)


def test_every_service_shares_the_pod_and_only_two_ports_are_published():
    services = COMPOSE["services"]
    assert set(services) == {"network", *ORDER}
    assert all(services[name]["network_mode"] == "service:network" for name in ORDER)
    assert all("ports" not in services[name] for name in ORDER)
    assert [port.rsplit(":", 1)[1] for port in services["network"]["ports"]] == ["8080", "11112"]
