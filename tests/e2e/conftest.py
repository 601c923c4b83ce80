"""The running product, and the people and machines that use it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from e2e.portal import PASSWORD, Portal

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
# Milliseconds until what is expected of a page must be there, on a machine with other readers.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def origin() -> str:
    """The product's public origin; scripts/test starts it."""
    value = os.environ.get("YUNYING_TEST_ORIGIN")
    if not value:
        pytest.fail("YUNYING_TEST_ORIGIN is not set: run scripts/test e2e")
    return value


@pytest.fixture(scope="session")
def portal(origin: str) -> Callable[[str], Portal]:
    """Sign in: ``portal("radiologist")``; a login's session is kept for the whole run."""
    sessions: dict[str, Portal] = {}

    def sign_in(login: str) -> Portal:
        if login not in sessions:
            sessions[login] = Portal(origin, login)
        return sessions[login]

    return sign_in


@pytest.fixture(scope="session")
def send() -> Callable[..., subprocess.CompletedProcess]:
    """dcmtk's storescu as a modality: ``send(paths, "CT_A", "-xs")``."""
    port = os.environ["YUNYING_TEST_DICOM_PORT"]

    def storescu(paths: list[Path], calling_ae: str, *options: str) -> subprocess.CompletedProcess:
        command = ["storescu", "-v", *options, "-aet", calling_ae, "-aec", "YUNYING"]
        return subprocess.run(
            [*command, "127.0.0.1", port, *map(str, paths)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        )

    return storescu


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS, headless=True
        )
        yield chromium
        chromium.close()


@pytest.fixture(params=["desktop", "phone"])
def screen(request: pytest.FixtureRequest) -> str:
    """The kind of screen: both are tried."""
    return request.param


@pytest.fixture
def open_context(browser: Browser, origin: str) -> Iterator[Callable[[str], BrowserContext]]:
    """A browser of nobody's: ``open_context("phone")``."""
    contexts: list[BrowserContext] = []

    def make(kind: str) -> BrowserContext:
        options = PHONE if kind == "phone" else DESKTOP
        context = browser.new_context(
            base_url=origin, locale="zh-CN", timezone_id="Asia/Shanghai", **options
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def signed_in(open_context: Callable[[str], BrowserContext]) -> Callable[[str, str], Page]:
    """A page of a signed-in user: ``signed_in("desktop", "radiologist")``."""

    def sign_in(kind: str, login: str) -> Page:
        page = open_context(kind).new_page()
        page.goto("/web/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]:visible")
        page.wait_for_url("**/odoo**")
        return page

    return sign_in
