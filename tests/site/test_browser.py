"""The browser that is found starts; where none does, one is installed or the run fails."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import playwright.sync_api
import pytest

from publish import browser

DOWNLOADED, PACKAGED = "/downloads/chrome", "/usr/bin/chromium"


@pytest.fixture
def machine(monkeypatch):
    """A machine without a browser: which programs start, and which start after each installation."""
    machine = SimpleNamespace(start=set(), by_playwright=set(), by_apt=set(), ran=[])

    def run(command: list[str], **_) -> SimpleNamespace:
        if command[1:] == ["--version"]:
            return SimpleNamespace(returncode=int(command[0] not in machine.start))
        machine.ran.append("playwright" if "playwright" in command else command[0])
        machine.start |= machine.by_playwright if "playwright" in command else machine.by_apt
        return SimpleNamespace(returncode=0)  # Playwright's, too, where libraries are missing

    def which(name: str) -> str | None:
        known = {"apt-get": "/usr/bin/apt-get", "chromium": PACKAGED if PACKAGED in machine.start else None}
        return known.get(name)

    driver = SimpleNamespace(chromium=SimpleNamespace(executable_path=DOWNLOADED))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(playwright.sync_api, "sync_playwright", lambda: nullcontext(driver))
    monkeypatch.setattr(browser.sys, "platform", "linux")
    monkeypatch.setattr(browser.sys, "argv", ["browser", "--install"])
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(browser, "subprocess", SimpleNamespace(run=run, TimeoutExpired=TimeoutError))
    monkeypatch.setattr(browser, "shutil", SimpleNamespace(which=which))
    browser.chromium.cache_clear()
    yield machine
    browser.chromium.cache_clear()


def test_a_download_that_does_not_start_is_no_browser(machine):
    assert browser.chromium() is None
    machine.start.add(DOWNLOADED)
    browser.chromium.cache_clear()
    assert browser.chromium() == DOWNLOADED


def test_a_download_that_starts_is_enough(machine, capsys):
    machine.by_playwright = {DOWNLOADED}
    browser.main()
    assert machine.ran == ["playwright"] and f"browser: {DOWNLOADED}\n" in capsys.readouterr().out


def test_after_a_download_that_does_not_start_comes_the_package(machine, capsys):
    machine.by_apt = {PACKAGED}
    browser.main()
    assert machine.ran == ["playwright", "apt-get", "apt-get"]
    assert f"browser: {PACKAGED}\n" in capsys.readouterr().out


def test_if_nothing_starts_the_message_names_what_installs_the_libraries_too(machine):
    with pytest.raises(SystemExit, match="playwright install --with-deps chromium"):
        browser.main()
