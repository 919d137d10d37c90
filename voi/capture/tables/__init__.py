"""What languages add to dictation, as data: English and German whole, others their alphabets and a few words."""

from importlib import import_module

from voi.capture.tables.shape import DictationTable

WHOLE = ("en", "de")
EMPTY = DictationTable()


def table_of(code: str) -> DictationTable:
    """The table of a language by its primary code; an empty one for a language that has none."""
    if code in WHOLE:
        found = import_module(f"voi.capture.tables.{code}").TABLE
        assert isinstance(found, DictationTable)
        return found
    from voi.capture.tables.others import TABLES

    return TABLES.get(code, EMPTY)
