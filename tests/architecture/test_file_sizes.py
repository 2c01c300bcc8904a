"""One noun a file: past 400 lines there are two."""

from tests.support.repository import ROOT, sources

LIMIT = 400


def test_no_file_is_too_long() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in sources()}
    assert lengths, "the packages are empty"
    too_long = {name: length for name, length in lengths.items() if length > LIMIT}
    assert not too_long, f"over {LIMIT} lines; split by noun: {too_long}"


def test_no_file_is_named_for_nothing() -> None:
    empty_words = {"base_base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
    bad = [path.relative_to(ROOT).as_posix() for path in sources() if path.stem in empty_words]
    assert not bad, f"name the file for what lives in it: {bad}"
