"""CSV as agencies send it: separators, encodings, printed forms; every fault at once, with its line."""

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import pytest

from cchc_connect.errors import Rejected
from cchc_connect.foreign_tables import PassedOver, TableForm, TableRow, TextEncoding, csv_tables, open_table
from cchc_connect.foreign_tables.json_tables import FileItem
from cchc_connect.messages import Language, Message

WHERE = Message("drop_folder_location.file", {"file": "thua.csv"})
FORM = TableForm(names=[("Số tờ",), ("Số thửa",), ("Diện tích",), ("Loại đất",)], key_names=["Số tờ", "Số thửa"])
ROWS = [
    {"Số tờ": "1", "Số thửa": "12", "Diện tích": "228,4", "Loại đất": "ODT", "Ghi chú": "góc phố"},
    {"Số tờ": "1", "Số thửa": "13", "Diện tích": "95", "Loại đất": "CLN", "Ghi chú": "xem lại"},
]
TEXT = "Số tờ;Số thửa;Diện tích;Loại đất;Ghi chú\n1;12;228,4;ODT;góc phố\n1;13;95;CLN;xem lại\n"


def read(content: bytes | str, form: TableForm = FORM, name: str = "thua.csv") -> list[TableRow | FileItem]:
    octets = content.encode() if isinstance(content, str) else content
    with open_table(io.BytesIO(octets), name, form, WHERE) as table:
        return [item for chunk in table.chunks(2) for item in chunk]


def counted(content: str, form: TableForm = FORM) -> PassedOver:
    with open_table(io.BytesIO(content.encode()), "thua.csv", form, WHERE) as table:
        for _ in table.chunks(100):
            pass
        return table.passed_over


def faults_of(content: bytes | str, form: TableForm = FORM, name: str = "thua.csv") -> Sequence[Message]:
    with pytest.raises(Rejected) as refused:
        read(content, form, name)
    faults = refused.value.context["faults"]
    return [faults] if isinstance(faults, Message) else faults.lines  # type: ignore[attr-defined]  # Messages


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_is_told_by_the_headings(separator: str) -> None:
    assert read(TEXT.replace(";", separator)) == ROWS


def test_commas_in_numbers_are_no_separators_and_quoted_commas_are_no_columns() -> None:
    text = 'Số tờ,Số thửa,Diện tích,Loại đất\n1,12,"228,4",ODT\n'

    assert read(text) == [{"Số tờ": "1", "Số thửa": "12", "Diện tích": "228,4", "Loại đất": "ODT"}]


def test_a_line_sep_names_the_separator() -> None:
    assert read("sep=;\r\n" + TEXT.replace("\n", "\r\n")) == ROWS


def test_headings_stand_in_any_order_without_accents_in_any_case() -> None:
    text = "LOAI DAT;GHI_CHU;so thua;Dien tich;SỐ TỜ\nODT;;12;228,4;1\n"

    [row] = read(text)

    assert row == {"Loại đất": "ODT", "GHI_CHU": "", "Số thửa": "12", "Diện tích": "228,4", "Số tờ": "1"}


def test_decomposed_letters_are_read_as_composed_ones() -> None:
    assert read(unicodedata.normalize("NFD", TEXT)) == ROWS


@pytest.mark.parametrize(
    ("codec", "declared"),
    [
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-16-le", TextEncoding.UTF_16),
        ("utf-16-be", TextEncoding.UTF_16_BE),
    ],
)
def test_marks_are_recognised_and_utf_16_without_one_is_declared(codec: str, declared: TextEncoding | None) -> None:
    form = TableForm(names=FORM.names, key_names=FORM.key_names, encoding=declared)

    assert read(TEXT.encode(codec), form) == ROWS


def cp1258(text: str) -> bytes:
    """Return text as Windows-1258: vowels with their sign, tones as marks of their own."""
    pieces = list[str]()
    for letter in text:
        decomposed = unicodedata.normalize("NFD", letter)
        tones = [sign for sign in decomposed if sign in "\u0300\u0301\u0303\u0309\u0323"]
        base = unicodedata.normalize("NFC", "".join(sign for sign in decomposed if sign not in tones))
        pieces.append(base + "".join(tones))
    return "".join(pieces).encode("cp1258")


LEGACY = {
    TextEncoding.WINDOWS_1258: cp1258("Số tờ;Số thửa;Diện tích;Loại đất\n1;12;5;Đất ở\n"),
    TextEncoding.TCVN3: "Sè tê;Sè thöa;DiÖn tÝch;Lo¹i ®Êt\n1;12;5;§Êt ë\n".encode("latin-1"),
    TextEncoding.VNI: "Soá tôø;Soá thöûa;Dieän tích;Loaïi ñaát\n1;12;5;Ñaát ôû\n".encode("latin-1"),
}


@pytest.mark.parametrize("encoding", LEGACY)
def test_an_old_encoding_is_read_where_it_is_declared(encoding: TextEncoding) -> None:
    form = TableForm(names=FORM.names, key_names=FORM.key_names, encoding=encoding)

    assert read(LEGACY[encoding], form) == [{"Số tờ": "1", "Số thửa": "12", "Diện tích": "5", "Loại đất": "Đất ở"}]


@pytest.mark.parametrize("encoding", LEGACY)
def test_an_old_encoding_that_is_not_declared_is_refused_with_its_name(encoding: TextEncoding) -> None:
    [fault] = faults_of(LEGACY[encoding])

    assert fault.code == "foreign_table_fault.encoding_undeclared"
    assert f'encoding = "{encoding}"' in str(fault)


def test_utf_16_without_a_mark_is_refused_with_its_name_and_utf_8_is_no_old_encoding() -> None:
    declared = TableForm(names=FORM.names, key_names=FORM.key_names, encoding=TextEncoding.TCVN3)

    assert 'encoding = "utf-16"' in str(faults_of(TEXT.encode("utf-16-le"))[0])
    assert faults_of(TEXT, declared)[0].code == "foreign_table_fault.encoding_contradicted"


def test_a_printed_form_is_read_without_what_is_around_its_rows() -> None:
    text = (
        "ỦY BAN NHÂN DÂN PHƯỜNG PHÚ LỢI;;;;\nDANH SÁCH THỬA ĐẤT;;;;\n;;;;\n"
        "STT;Số tờ;Số thửa;Diện tích;Loại đất\n(1);(2);(3);(4);(5)\n"
        "I;Khu phố 1;;;\n1;1;12;228,4;ODT\n2;1;13;95;CLN\n"
        "STT;Số tờ;Số thửa;Diện tích;Loại đất\n3;2;7;50;ODT\nTổng cộng;;;373,4;\n;;;;\n"
        ";;;Phú Lợi, ngày 02 tháng 4 năm 2026;\nNgười lập biểu;;;Thủ trưởng đơn vị;\n;;;(Ký, ghi rõ họ tên);\n"
        ";;;Lê Văn An;\n"
    )
    form = TableForm(names=FORM.names, key_names=["Số thửa"])

    assert [(row["Số tờ"], row["Số thửa"]) for row in read(text, form)] == [("1", "12"), ("1", "13"), ("2", "7")]
    assert counted(text, form) == PassedOver(
        titles=3, numbered=1, repeated_headings=1, groups=1, totals=1, signatures=4
    )


def test_merged_headings_in_two_rows_are_one() -> None:
    text = "STT;Thửa đất;;Giấy chứng nhận;;Loại đất\n;Số tờ;Số thửa;Số;Ngày cấp;\n1;1;12;CS 1;02/04/2026;ODT\n"
    form = TableForm(names=[("Số tờ",), ("Số thửa",), ("Giấy chứng nhận / Số",), ("Loại đất",)], key_names=["Số thửa"])

    [row] = read(text, form)

    assert row["Giấy chứng nhận / Số"] == "CS 1"
    assert (row["Số tờ"], row["Loại đất"], row["STT"]) == ("1", "ODT", "1")


def test_all_missing_headings_are_named_with_the_nearest_ones() -> None:
    faults = faults_of("Số tờ;Số thửaa;Ghi chú;Diện tích;Mục đích\n1;12;;5;ODT\n")

    assert [fault.context["name"] for fault in faults] == ["Số thửa", "Loại đất"]
    assert "Số thửaa" in str(faults[0])
    assert "Dòng 1 không có tiêu đề cột “Loại đất”" in faults[1].in_language(Language.VIETNAMESE)


def test_a_heading_that_stands_twice_is_refused_with_its_columns() -> None:
    [fault] = faults_of("Số tờ;Số thửa;Diện tích;Loại đất;SO THUA\n1;12;5;ODT;13\n")

    assert fault.code == "foreign_table_fault.heading_twice"
    assert fault.context["columns"] == [2, 5]


def test_every_ragged_row_is_named_with_its_line() -> None:
    faults = faults_of(TEXT + "1;14;5\n2;1;9;ODT;x;y\n")

    assert [(fault.context["line"], fault.context["count"]) for fault in faults] == [(4, 3), (5, 6)]


@pytest.mark.parametrize("row", ['1;14;5;"ODT;x\n', '1;14;5;"ODT"x;y\n2;1;1;1;1\n'])
def test_an_unclosed_quote_is_refused_with_the_line_where_its_row_begins(row: str) -> None:
    [fault] = faults_of(TEXT + row)

    assert fault.code == "foreign_table_fault.quote_unclosed"
    assert fault.context["line"] == 4


def test_cells_of_several_lines_are_one_row_and_later_faults_have_the_line_of_the_file() -> None:
    text = TEXT + '1;14;5;ODT;"hai\ndòng; ""nháy"""\n'

    assert read(text)[-1]["Ghi chú"] == 'hai\ndòng; "nháy"'
    assert [row.line for row in read(text)] == [2, 3, 4]
    assert faults_of(text + "1;15\n")[0].context["line"] == 6


def test_a_number_that_lost_digits_is_no_text() -> None:
    [row] = read("Số tờ;Số thửa;Diện tích;Loại đất\n1;12;5;3,60123E+11\n")

    assert row["Loại đất"] == {"rounded": "3,60123E+11"}


def test_a_table_without_headings_is_read_by_position() -> None:
    form = TableForm(columns=["Số tờ", "Số thửa", "Loại đất"], key_names=["Số tờ", "Số thửa"])

    assert read("1;12;ODT\n1;13;CLN\n", form)[1] == {"Số tờ": "1", "Số thửa": "13", "Loại đất": "CLN"}
    assert faults_of("1;12\n1;13\n", form)[0].code == "foreign_table_fault.no_separator"


def test_columns_that_are_declared_with_one_name_are_refused() -> None:
    form = TableForm(columns=["Số tờ", "Số thửa", "Số thửa"], key_names=["Số tờ"], separator=";")

    [fault] = faults_of("1;12;ODT\n", form)

    assert (fault.code, fault.context["names"]) == ("foreign_table_fault.columns_twice", ["Số thửa"])


def test_an_empty_cell_of_a_declared_column_means_the_one_above() -> None:
    form = TableForm(names=FORM.names, key_names=["Số thửa"], fill_down=["Số tờ"])

    rows = read("Số tờ;Số thửa;Diện tích;Loại đất\n1;12;5;ODT\n;13;6;CLN\n", form)

    assert [row["Số tờ"] for row in rows] == ["1", "1"]


def test_a_row_with_a_key_is_a_record_whatever_its_words() -> None:
    text = "Chủ sử dụng;Số tờ;Số thửa;Diện tích;Loại đất\nTổng công ty An Phú;1;12;5;ODT\nCộng đồng dân cư;1;13;6;CLN\n"

    assert len(read(text)) == 2


KEYED = TableForm(names=[("Mã",), ("Tên",), ("Ngày",)], optional_names=["Chức vụ", "E", "F"], key_names=["Mã"])


@pytest.mark.parametrize(
    ("headings", "rows"),
    [
        ("Mã,Tên,Chức vụ,Ngày,E,F", ["k1,A,Phó,d,e,f", "k2,B,Giám đốc Sở,,,", "k3,C,nv,,,", "k4,D,nv,,,"]),
        ("Mã,Tên,Ngày", ["Công,A,x", "Tống,b,c", "Cộng,b,c", "Total,b,c"]),
        ("Tên,Mã,Ngày", ["Công,A,x", "Tống,b,c", "Cộng,b,c"]),
        ("Tên,Mã,Ngày,E,F", ["a,k0,c,1,2", "Công,A,x,1,2", "Cộng,k2,c,1,2"]),
        ("E,Mã,Tên,Ngày", ["1,2,3,4", "2,3,4,5"]),
        ("Mã,Tên,Ngày,E", ["Tổng công ty,,,", "Giám đốc Sở,,,", "k,,,"]),
    ],
)
def test_a_row_with_a_key_is_a_record_whatever_is_beside_the_key(headings: str, rows: list[str]) -> None:
    text = "\n".join([headings, *rows]) + "\n"

    assert [",".join(map(str, row.values())) for row in read(text, KEYED)] == rows
    assert sum(vars(counted(text, KEYED)).values()) == 0


def test_totals_numbers_and_signatures_in_the_column_of_the_key_are_no_records() -> None:
    text = (
        'Mã,Tên,Ngày,Chức vụ,E,F\n1,2,3,4,5,6\nk1,A,x,y,z,1\nTổng cộng,,,,,1\nCộng,25,,,,"3,5"\n'
        'Người lập biểu,,,Giám đốc,,\n"Phú Lợi, ngày 02 tháng 4 năm 2026",,,,,\n'
    )

    assert [row["Mã"] for row in read(text, KEYED)] == ["k1"]
    assert counted(text, KEYED) == PassedOver(numbered=1, totals=2, signatures=2)


@pytest.mark.parametrize("width", [3, 6])
def test_a_cell_may_be_as_long_as_the_boundary_of_a_commune(width: int) -> None:
    boundary, headings = "1 2," * 100_000, ["Mã", "Tên", "Ngày", "Chức vụ", "E", "F"][:width]

    rows = read(";".join(headings) + "\n" + ";".join(["k", boundary, *headings[2:]]) + "\n", KEYED)

    assert rows[0]["Tên"] == boundary


@pytest.mark.parametrize("width", [3, 6])
def test_a_cell_that_is_too_long_is_refused_as_that(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_tables, "MAX_CELL", 200_000)
    previous = csv.field_size_limit(1000)
    headings = ["Mã", "Tên", "Ngày", "Chức vụ", "E", "F"][:width]

    [fault] = faults_of(";".join(headings) + "\n" + ";".join(["k", "x" * 300_000, *headings[2:]]) + "\n", KEYED)

    assert (fault.code, fault.context["line"]) == ("foreign_table_fault.cell_too_long", 2)
    csv.field_size_limit(previous)


def test_a_large_regular_file_has_the_rows_that_a_plain_reader_finds() -> None:
    text = "Số tờ;Số thửa;Diện tích;Loại đất;Ghi chú\r\n" + "".join(
        f'{number % 9};{number};5;ODT;"a;""{number}"""\r\n' for number in range(40_000)
    )

    rows = read(text)

    assert [row["Số thửa"] for row in rows] == [str(number) for number in range(40_000)]
    assert rows[-1]["Ghi chú"] == 'a;"39999"'


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("quote", ["", '"'], ids=["without quotes", "with quotes"])
def test_a_file_without_quotes_has_the_same_rows_and_lines_as_one_with_quotes(line_end: str, quote: str) -> None:
    body = "".join(f"{number % 9};{quote}{number}{quote};5;Đất ở;x{line_end}" for number in range(3000))

    rows = read(f"DANH SÁCH;;;;{line_end}Số tờ;Số thửa;Diện tích;Loại đất;Ghi chú{line_end}{body}")

    assert [row["Số thửa"] for row in rows] == [str(number) for number in range(3000)]
    assert [row.line for row in rows] == list(range(3, 3003))
    assert rows[-1]["Ghi chú"] == "x"


def rows_below_each_other(*late: str) -> str:
    """Return a table with an empty cell in each row, and rows that stand far below its headings."""
    body = [f"{number};{number};;ODT;góc phố" for number in range(1, 200)]
    return "\n".join(["Số tờ;Số thửa;Diện tích;Loại đất;Ghi chú", *body, *late, ""])


@pytest.mark.parametrize(
    ("late", "count"),
    [
        ("Người lập biểu;Nơi nhận:;;;", PassedOver(signatures=1)),
        ("Tổng cộng;;;;", PassedOver(totals=1)),
        ("  ; ; ; ; ", PassedOver()),
        ("Số tờ;Số thửa;Diện tích;Loại đất;Ghi chú", PassedOver(repeated_headings=1)),
        ('"Số\ntờ";"Số\nthửa";Diện tích;Loại đất;Ghi chú', PassedOver(repeated_headings=1)),
    ],
    ids=["signature", "total", "spaces", "headings", "headings in two lines"],
)
def test_what_is_no_record_is_recognised_far_below_the_headings(late: str, count: PassedOver) -> None:
    text = rows_below_each_other(late, "7;201;;ODT;x")

    assert [row["Số thửa"] for row in read(text)][-2:] == ["199", "201"]
    assert counted(text) == count


def test_empty_columns_at_the_end_are_no_cells_and_a_row_with_more_is_refused() -> None:
    text = rows_below_each_other().replace("\n", ";;\n")

    (fault,) = faults_of(text + "7;201;;ODT;x;;lạ\n")

    assert len(read(text)) == 199
    assert (fault.code, fault.context["line"]) == ("foreign_table_fault.row_length", 201)


def test_lines_are_counted_and_cells_filled_down_where_cells_have_several_lines() -> None:
    body = "".join(f'{number if number % 50 == 0 else ""};{number};5;ODT;"hai\ndòng"\n' for number in range(300))
    form = replace(FORM, key_names=["Số thửa"], fill_down=["Số tờ"])

    rows = read("Số tờ;Số thửa;Diện tích;Loại đất;Ghi chú\n" + body, form)

    assert [row.line for row in rows] == list(range(2, 602, 2))
    assert [row["Số tờ"] for row in rows] == [str(number // 50 * 50) for number in range(300)]


def test_empty_lines_are_passed_over_where_there_is_one_column() -> None:
    numbers = [str(number) for number in range(1, 100)]
    form = TableForm(names=[("Số thửa",)], key_names=["Số thửa"])

    assert [row["Số thửa"] for row in read("\n\n".join(["Số thửa", *numbers, ""]), form)] == numbers


JSON_ITEMS = [{"Số tờ": 1, "Số thửa": 12}, {"Số tờ": 1, "Số thửa": 13}]


@pytest.mark.parametrize(
    ("content", "list_name"),
    [
        ('[{"Số tờ":1,"Số thửa":12},\n{"Số tờ":1,"Số thửa":13}]', ""),
        ('{"total":2,"features":[{"Số tờ":1,"Số thửa":12},{"Số tờ":1,"Số thửa":13}],"links":[]}', ""),
        ('{"a":{"b":[{"Số tờ":1,"Số thửa":12},{"Số tờ":1,"Số thửa":13}]}}', "a.b"),
        ('{"Số tờ":1,"Số thửa":12}\n\n{"Số tờ":1,"Số thửa":13}\n', ""),
    ],
    ids=["list", "geojson", "path", "ndjson"],
)
def test_json_is_a_list_a_list_in_a_document_or_a_line_for_each_item(content: str, list_name: str) -> None:
    items = read(content, TableForm(list_name=list_name), "thua.json")

    assert [dict(item) for item in items] == JSON_ITEMS


def test_every_faulty_line_of_ndjson_is_named() -> None:
    faults = faults_of('{"a":1}\n{"a":\n[1]\n{"a":2}\n', TableForm(), "a.ndjson")

    assert [fault.context["line"] for fault in faults] == [2, 3]


def test_a_document_with_several_lists_is_refused_with_their_names() -> None:
    [fault] = faults_of('{"x":[{}],"y":[{}]}', TableForm(), "a.json")

    assert fault.context["names"] == ["x", "y"]


@pytest.mark.parametrize("name", ["a.ndjson", "a.JSONL"])
def test_a_line_of_ndjson_is_an_item_whatever_lists_it_has_and_however_many_lines_there_are(name: str) -> None:
    line = '{"code":"x","items":[{"id":1},{"id":2}]}\n'

    assert [[item["code"] for item in read(line * lines, TableForm(), name)] for lines in (1, 2)] == [["x"], ["x", "x"]]


def test_a_document_whose_only_list_may_be_of_one_item_is_refused_until_the_list_is_declared() -> None:
    document = '{"code":"x","papers":[{"id":1},{"id":2}]}'

    [fault] = faults_of(document, TableForm(), "a.json")

    assert fault.context["names"] == ["papers"]
    assert len(read(document, TableForm(list_name="papers"), "a.json")) == 2
    assert len(read(document.replace("papers", "Data"), TableForm(), "a.json")) == 2


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "Workbook".encode("utf-16-le"), "old_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "html"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "xml_2003"),
        (b"%PDF-1.7", "pdf"),
        (b"\n \n", "empty"),
    ],
)
def test_what_is_no_table_is_told_by_its_content(content: bytes, kind: str) -> None:
    [fault] = faults_of(content, name="thua.xlsx")

    assert fault.code == f"foreign_table_kind.{kind}"
