"""A real Chromium, found or installed, and pages that remember what went wrong in them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from tests.support.require import require

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(slots=True)
class Seen:
    """What a page said that it should not have."""

    console_errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)


_seen: "WeakKeyDictionary[Page, Seen]" = WeakKeyDictionary()

Scheme = Literal["light", "dark"]
NewPage = Callable[..., "Page"]


def seen(page: "Page") -> Seen:
    """The console errors and foreign requests of a page so far; tests may look, or clear the lists."""
    return _seen[page]


def assert_clean(page: "Page") -> None:
    """Fail when the page logged an error, threw one, or asked another host for anything."""
    record = _seen[page]
    assert not record.foreign_requests, f"{page.url} asked other hosts: {record.foreign_requests}"
    assert not record.console_errors, f"{page.url} logged errors: {record.console_errors}"


_shared = ExitStack()
_running: "list[Browser]" = []


def shared() -> "Browser":
    """The one Chromium of this process, started when it is first asked for."""
    if not _running:
        _running.append(_shared.enter_context(running_browser()))
    return _running[0]


def end_shared() -> None:
    """End it, and Playwright's event loop with it, which would break `asyncio.run` in the tests that follow."""
    _running.clear()
    _shared.close()


@contextmanager
def running_browser() -> Iterator["Browser"]:
    """Start a headless Chromium: an installed one, else Debian's, else Playwright's own."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        require("a browser", f"{error}; install the extra `dev`")
        raise
    executable = installed() or _from_debian()
    with sync_playwright() as playwright:
        if executable is None and not Path(playwright.chromium.executable_path).exists():
            require("a browser", _from_playwright())
        flags = [*FLAGS, "--no-sandbox"] if _is_root() else list(FLAGS)
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=flags)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def pages(browser: "Browser") -> Iterator[NewPage]:
    """Give a function that opens recorded pages, each in its own context; close them all after.

    `new_page(url=None, *, width=1280, height=800, phone=False, scheme="light") -> Page`
    `phone=True` means 390 x 844 CSS pixels with touch, whatever width and height say.
    """
    contexts: list[BrowserContext] = []

    def new_page(
        url: str | None = None,
        *,
        width: int = 1280,
        height: int = 800,
        phone: bool = False,
        scheme: Scheme = "light",
    ) -> "Page":
        size = (390, 844) if phone else (width, height)
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            has_touch=phone,
            is_mobile=phone,
            device_scale_factor=2 if phone else 1,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        _watch(page)
        if url is not None:
            page.goto(url)
        return page

    try:
        yield new_page
    finally:
        for context in contexts:
            context.close()


def installed() -> str | None:
    """The path of a Chromium that is already on this machine."""
    return next((path for command in COMMANDS if (path := shutil.which(command))), None)


def _watch(page: "Page") -> None:
    record = _seen[page] = Seen()

    def guard(route: "Route") -> None:
        if _is_local(route.request.url):
            route.continue_()
        else:
            record.foreign_requests.append(route.request.url)
            route.abort()

    page.context.route("**/*", guard)
    page.on("websocket", lambda s: None if _is_local(s.url) else record.foreign_requests.append(s.url))
    page.on("console", lambda m: record.console_errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: record.console_errors.append(str(error)))


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"about", "blob", "data", "file"} or parts.hostname in LOCAL_HOSTS


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _from_debian() -> str | None:
    if not (_is_root() and Path("/etc/debian_version").exists() and shutil.which("apt-get")):
        return None
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        done = subprocess.run(["apt-get", *command], env=quiet, capture_output=True, timeout=600, check=False)
        if done.returncode != 0:
            return None
    return installed()


def _from_playwright() -> str | None:
    """Let Playwright download its own Chromium; the reason when it can't."""
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        return "no Chromium is installed, and Playwright's download took over ten minutes"
    if done.returncode == 0:
        return None
    return "no Chromium is installed, Debian's package can't be had, and Playwright's download failed"
