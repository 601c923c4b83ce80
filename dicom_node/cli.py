"""The command line of the node."""

# Each command imports only what it needs: `archive` no web server, `web` no association.
# ruff: noqa: PLC0415

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dicom_node import log
from dicom_node.config import EVERY_SECTION, FRONT_END, Config, ConfigError, load
from dicom_node.store.base import NotConfiguredError

# What a front-end node can do: it has neither an index nor a store.
_OF_A_FRONT_END = frozenset(("receive", "upload", "health"))
_NOT_TO_RECEIVE = ("numpy", "PIL", "gdcm", "pylibjpeg", "requests")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dicom-node", description="The DICOM node of YunYing.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, text in (
        ("receive", "run the storage SCP"),
        ("archive", "move received instances into the store and the index, deliver events"),
        ("retrieve", "fetch from other archives what the portal asks for"),
        ("web", "run the DICOMweb server"),
        ("render", "draw planes and volumes for readers whose machines cannot"),
        ("upload", "bring what a front end received to the centre"),
        ("migrate", "create or migrate the schema 'archive'"),
        ("reindex", "rebuild or complete the index from the stored objects"),
        ("verify", "read every stored object and compare it with its digest"),
        ("store", "check that the store can be used"),
        ("health", "check every process; exit code 0 when all is well"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--config", type=Path, required=True, help="node.toml; the environment goes over it"
        )
        if name == "store":
            command.add_argument(
                "--create", action="store_true", help="create the bucket if it is not there"
            )
    send = commands.add_parser("send", help="send files to a storage SCP (C-STORE)")
    send.add_argument("--host", default="127.0.0.1")
    send.add_argument("--port", type=int, default=11112)
    send.add_argument("--calling-ae", required=True)
    send.add_argument("--called-ae", default="YUNYING")
    send.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or a directory")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; 2 when the configuration cannot be used."""
    options = _parser().parse_args(arguments)
    log.configure(options.command)
    os.umask(0o027)
    if options.command == "send":
        from dicom_node.dimse import send

        return send.run(
            options.paths, options.host, options.port, options.calling_ae, options.called_ae
        )
    try:
        needed = FRONT_END if options.command in _OF_A_FRONT_END else EVERY_SECTION
        config = load(options.config, os.environ, needed)
        if options.command == "store":
            from dicom_node.store import administration

            return administration.run(config, create=options.create)
        return _run(options.command, config)
    except ConfigError as error:
        print(f"dicom-node: configuration: {error}", file=sys.stderr)
        return 2
    except NotConfiguredError as error:
        print(f"dicom-node: {error}", file=sys.stderr)
        return 2


def _run(command: str, config: Config) -> int:
    run: Callable[[Config], int]
    match command:
        case "receive":
            # Without what pydicom takes to look at pixels, which it never does, and to fetch
            # samples, it is 30 MB smaller.
            sys.modules.update(dict.fromkeys(_NOT_TO_RECEIVE))  # type: ignore[arg-type]
            from dicom_node.dimse.process import run
        case "archive":
            from dicom_node.archive.process import run
        case "retrieve":
            from dicom_node.retrieve.process import run
        case "web":
            from dicom_node.web.process import run
        case "render":
            from dicom_node.render.process import run
        case "upload":
            from dicom_node.upload.process import run
        case "reindex":
            from dicom_node.archive.reindex import run
        case "verify":
            from dicom_node.archive.verify import run
        case "health":
            from dicom_node.health import run
        case _:
            from dicom_node.archive.migrate import run
    return run(config)


if __name__ == "__main__":
    sys.exit(main())
