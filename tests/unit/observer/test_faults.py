"""What a log holds of an error that nobody foresaw."""

from observer.errors import ProjectError
from observer.faults import said


def test_our_own_words_are_told_and_of_others_only_their_kind_and_place() -> None:
    assert said(ProjectError("no pipeline.py here")) == "no pipeline.py here"
    assert said(KeyError("hunter2")) == "KeyError"
    try:
        int("hunter2")
    except ValueError as error:
        found = said(error)
    assert found.startswith("ValueError at test_faults.py:")
    assert found.endswith(" in test_our_own_words_are_told_and_of_others_only_their_kind_and_place")
    assert "hunter2" not in found
