"""What a declared source reads is asked of the tables of a folder too."""

from cchc_adapters.folder.options import FolderSourceTable


def test_a_file_may_lack_no_heading_that_a_condition_reads() -> None:
    rule = {"property": "Mã", "when": {"property": "Loại", "values": ["1"]}}
    table = {"files": "ho_so*", "key": "Số", "deletes": {"property": "Xóa"}, "fields": {"code": rule}}

    strict = FolderSourceTable.model_validate(table).form
    lenient = FolderSourceTable.model_validate({**table, "optional": ["Loại"]}).form

    assert [*strict.names] == [("Số",), ("Xóa",), ("Mã",), ("Loại",)]
    assert [*lenient.optional_names] == ["Loại"]
