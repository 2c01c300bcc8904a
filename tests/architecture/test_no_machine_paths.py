"""Nothing of the machine that it was written on is in the repository."""

import re
from pathlib import Path

from tests.support.repository import ROOT, text_of, tracked

# Folders that every machine has: their names in a file tell nothing.
GENERIC = {
    Path(name)
    for name in (
        "/",
        "/app",
        "/data",
        "/home",
        "/mnt",
        "/opt",
        "/root",
        "/srv",
        "/tmp",
        "/usr",
        "/var",
        "/var/tmp",
    )
}
VENDORED = ROOT / "dashboards" / "static"


def test_no_path_of_this_machine() -> None:
    own = {folder for folder in (ROOT, ROOT.parent, Path.home()) if folder not in GENERIC}
    pattern = re.compile("|".join(rf"(?<![\w.])({re.escape(str(folder))})(?=[/\s'\"`)]|$)" for folder in sorted(own)))
    found = [line for path in tracked() for line in matches(path, pattern)]
    assert not found, f"paths of this machine: {found}"


def test_constraints_are_names_and_versions_only() -> None:
    pin = re.compile(r"[a-z0-9][a-z0-9.-]*==[0-9][^\s;]*( ; .+)?")
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    bad = [line for line in lines if not line.startswith("#") and not pin.fullmatch(line)]
    assert not bad, f"more than a name and a version: {bad}"
    assert not [line for line in lines if "://" in line or " --index" in line or " --find-links" in line]


def test_what_is_left_to_do_has_an_owner() -> None:
    pattern = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b(?!\([\w@.#-]+\))")
    found = [
        line
        for path in tracked()
        if path.suffix in {".py", ".html", ".css", ".js", ".toml"}
        for line in matches(path, pattern)
    ]
    assert not found, "say whose it is, TO" + f"DO(name), or do it: {found}"


def matches(path: Path, pattern: re.Pattern[str]) -> list[str]:
    content = text_of(path)
    if content is None or VENDORED in path.parents:
        return []
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for number, line in enumerate(content.splitlines(), start=1)
        if pattern.search(line)
    ]
