"""What a declared source reads is asked of the tables of a folder too; dates in their names have a year."""

import pytest
from pydantic import ValidationError

from cchc_adapters.folder.options import FolderSourceTable


def test_a_file_may_lack_no_heading_that_a_condition_reads() -> None:
    rule = {"property": "Mã", "when": {"property": "Loại", "values": ["1"]}}
    table = {"files": "ho_so*", "key": "Số", "deletes": {"property": "Xóa"}, "fields": {"code": rule}}

    strict = FolderSourceTable.model_validate(table).form
    lenient = FolderSourceTable.model_validate({**table, "optional": ["Loại"]}).form

    assert [*strict.names] == [("Số",), ("Xóa",), ("Mã",), ("Loại",)]
    assert [*lenient.optional_names] == ["Loại"]


@pytest.mark.parametrize("form", ["ddMM", "-", "yyyyyyyy", "yyyyMMMM", "ngày dd-MM-yyyy"])
def test_a_form_of_dates_without_a_year_or_with_a_part_twice_is_refused(form: str) -> None:
    with pytest.raises(ValidationError, match="name_date"):
        FolderSourceTable.model_validate({"files": "ho_so*", "key": "Số", "fields": {"code": "Mã"}, "name_date": form})
