"""The metadata that all tables of the shared database belong to, and the kinds of columns that they are made of."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Text

METADATA = MetaData()

BIG_INTEGER = BigInteger().with_variant(Integer(), "sqlite")
"""A number that may exceed 32 bits; SQLite generates row ids for plain INTEGER keys only."""


def key_column(name: str) -> "Column[Any]":
    """Return a column of the primary key."""
    return Column(name, Text, primary_key=True)


def text_column(name: str) -> "Column[Any]":
    """Return a column of text that is never null."""
    return Column(name, Text, nullable=False)


def optional_text(name: str) -> "Column[Any]":
    """Return a column of text that may be null."""
    return Column(name, Text)


def number_column(name: str) -> "Column[Any]":
    """Return a column of numbers that is never null."""
    return Column(name, BIG_INTEGER, nullable=False)


def sequence_key(name: str) -> "Column[Any]":
    """Return a key that the engine itself numbers under the write lock, so that it has no gaps."""
    return Column(name, BIG_INTEGER, primary_key=True, autoincrement=False)
