"""Odoo 19 Community, from Debian's package, extracted (not installed) and trimmed.

The package is in Debian's suite ``sid`` and depends on nothing that a stable Debian lacks
once it is extracted; a private apt state leaves the machine's own untouched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from stack.problem import Problem
from stack.progress import run, step
from stack.settings import Settings

PACKAGES = (
    "odoo-19",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-inconsolata",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "fonts-glyphicons-halflings",
)
STABLE_PACKAGES = ("fonts-font-awesome",)  # sid's 7.x has other names for the icons
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def install(settings: Settings) -> None:
    """Have ``runtime/odoo/usr/bin/odoo``."""
    tree = settings.odoo_tree
    if (tree / "usr" / "bin" / "odoo").exists():
        return
    log = settings.directory("log") / "odoo-tree.log"
    partial = settings.runtime / "odoo.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    archive = os.environ.get("YUNYING_ODOO_ARCHIVE")
    if archive:
        with step(f"Odoo 19 from {archive}"):
            run(["tar", "-C", partial, "-xf", archive], log=log, failure=f"cannot unpack {archive}")
    else:
        with step("Odoo 19 from Debian's package"):
            _download_and_extract(settings.runtime / "apt", partial, log)
            _trim(partial)
    if not (partial / "usr" / "bin" / "odoo").exists():
        raise Problem(f"{archive or 'the package odoo-19'} holds no usr/bin/odoo")
    _stub(partial)
    partial.rename(tree)


def _download_and_extract(state: Path, tree: Path, log: Path) -> None:
    for name in ("lists/partial", "cache/archives/partial", "debs"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    mirror = _mirror()
    (state / "sources.list").write_text(
        "".join(f"deb [signed-by={KEYRING}] {mirror} {suite} main\n" for suite in ("sid", "stable"))
    )
    options = [
        f"-oDir::Etc::sourcelist={state}/sources.list",
        "-oDir::Etc::sourceparts=/dev/null",
        f"-oDir::State::lists={state}/lists",
        f"-oDir::State::status={state}/status",
        f"-oDir::Cache={state}/cache",
        "-oAcquire::Languages=none",
        "-oAPT::Sandbox::User=",
    ]
    failure = (
        "Debian's package odoo-19 cannot be downloaded; "
        "give a ready tree (tar) in YUNYING_ODOO_ARCHIVE"
    )
    run(["apt-get", "-q", *options, "update"], log=log, failure=failure)
    wanted = [
        *(f"{name}/sid" for name in PACKAGES),
        *(f"{name}/stable" for name in STABLE_PACKAGES),
    ]
    run(
        ["apt-get", "-q", *options, "download", *wanted],
        log=log,
        failure=failure,
        cwd=state / "debs",
    )
    for package in sorted((state / "debs").glob("*.deb")):
        run(["dpkg-deb", "-x", package, tree], log=log, failure=f"cannot unpack {package.name}")
    shutil.rmtree(state)


def _mirror() -> str:
    """The Debian mirror that this machine already uses."""
    result = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in result.stdout.splitlines():
        uri, _, origin = line.partition(" ")
        if origin == "Debian" and "security" not in uri:
            return uri
    return "http://deb.debian.org/debian"


def _trim(tree: Path) -> None:
    """Drop what is never used here: foreign languages, foreign localisations, duplicates."""
    shutil.rmtree(tree / "usr" / "share" / "doc", ignore_errors=True)
    packages = tree / "usr" / "lib" / "python3" / "dist-packages"
    for addons in (packages / "odoo" / "addons", packages / "addons"):
        if not addons.is_dir():
            continue
        for addon in addons.iterdir():
            if addon.name.startswith("l10n_") and addon.name != "l10n_cn":
                shutil.rmtree(addon)
    duplicate = packages / "addons"
    if duplicate.is_dir() and not duplicate.is_symlink():
        shutil.rmtree(duplicate)
    for catalogue in tree.rglob("i18n/*.po"):
        if not re.match(r"zh_", catalogue.name):
            catalogue.unlink()


def _stub(tree: Path) -> None:
    """The asset bundles name a library (camera backgrounds) that Debian leaves out."""
    addons = tree / "usr" / "lib" / "python3" / "dist-packages" / "odoo" / "addons"
    stub = addons / "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
    stub.parent.mkdir(parents=True, exist_ok=True)
    stub.touch()
