"""``tidegate report``: the file is written whole, and nothing is written over unasked."""

import os
from pathlib import Path

import pytest

from tests.unit.observer.cli.conftest import Tidegate


def test_it_writes_one_file_and_says_what_is_in_it(tidegate: Tidegate, folder: Path) -> None:
    done = tidegate("report", "--out", "all.html")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("all.html: 3 assets, 0 open incidents, 0 plots, ")
    text = (folder / "all.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "Nothing has been materialized yet" in text
    said = tidegate("report", "orders", "--out", "one.html", "--format", "json").json
    assert (said["assets"], said["bytes"]) == (1, (folder / "one.html").stat().st_size)


def test_what_is_there_stays_unless_it_is_meant(tidegate: Tidegate, folder: Path) -> None:
    (folder / "mine.html").write_text("mine", encoding="utf-8")
    done = tidegate("report", "--out", "mine.html")
    assert done.code == 2
    assert "mine.html is there already; nothing was written" in done.err
    assert (folder / "mine.html").read_text(encoding="utf-8") == "mine"
    assert tidegate("report", "--out", "mine.html", "--force").code == 0
    assert (folder / "mine.html").read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize("links", [True, False])
def test_somebody_who_writes_meanwhile_is_not_written_over(
    tidegate: Tidegate, folder: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    real = os.link

    def late(source: object, target: Path) -> None:
        if links:
            target.write_text("theirs", encoding="utf-8")
            real(source, target)  # type: ignore[arg-type]
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", late)
    done = tidegate("report", "--out", "r.html")
    if links:
        assert done.code == 2
        assert (folder / "r.html").read_text(encoding="utf-8") == "theirs"
    else:
        assert done.code == 0
        assert (folder / "r.html").stat().st_size > 1000
    assert [file.name for file in folder.iterdir() if file.name.startswith(".r.html")] == []


def test_a_folder_that_is_not_there_is_named(tidegate: Tidegate, folder: Path) -> None:
    done = tidegate("report", "--out", "nowhere/r.html")
    assert done.code == 2
    assert "nowhere/r.html can't be written: No such file or directory; nothing was written" in done.err
