"""Texts as the API takes them: nothing that a database refuses, nothing without an end."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field


def _storable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("has half a character") from None
    if "\0" in text:
        raise ValueError("has a character that can't be kept")
    return text


@lru_cache(maxsize=16_384)  # a batch of others says the same few names again and again
def _visible(text: str) -> str:
    _storable(text)
    if not text.isprintable() or text != text.strip():
        raise ValueError("has blanks at its ends, or characters that can't be seen")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("needs words, which stay in the history")
    return text.strip()


Storable = AfterValidator(_storable)
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_visible)]
Words = Annotated[str, Field(max_length=2000), Storable]
Reason = Annotated[str, Field(max_length=2000), Storable, AfterValidator(_said)]
