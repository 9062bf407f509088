"""Every code type accepts regular codes, refuses irregular ones by rule, and accepts those in lenient reading."""

import re
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st
from pydantic import TypeAdapter, ValidationError

from cchc_schemas import (
    AgencyCode,
    CertificateSerial,
    CitizenId,
    CrsName,
    DossierCode,
    FieldCode,
    LandChangeCode,
    LandUseCode,
    MapSheetNumber,
    NationalParcelId,
    ParcelKey,
    ParcelNumber,
    PermitKindCode,
    PermitStepCode,
    ProcedureCode,
    TaxCode,
    WorksStatusCode,
)
from cchc_schemas.codes import CODE_LENGTH
from cchc_schemas.spelling import Irregularities

REGULAR = [
    (ProcedureCode, "1.013225"),
    (ProcedureCode, " 1.013225 "),  # white space around
    (DossierCode, "000.17.22.H56-210531-0001"),  # QCVN 102:2016
    (DossierCode, "H09-250801-0007"),  # issued by the national portal
    (DossierCode, "28.22.H17-210531-000001"),  # QĐ 20/2020, levels reversed
    (AgencyCode, "000.00.00.H49"),
    (AgencyCode, "H49.12.3"),
    (AgencyCode, "28.22.H17"),
    (AgencyCode, "1.123.28.H17"),
    (DossierCode, "000.00.123.H09-210531-0001"),
    (FieldCode, "G17-XD11"),
    (FieldCode, "G07-LĐ06"),  # a letter beyond ASCII
    (MapSheetNumber, "45"),
    (MapSheetNumber, "DC 12"),  # two words
    (ParcelNumber, "12a"),
    (NationalParcelId, "w3gvk1h2m8q0"),
    (ParcelKey, "gso-2025-01:25747:DC 12:604-1"),
    (CrsName, "OGC:CRS84"),
    (CrsName, "EPSG:9210"),
    (LandUseCode, "ODT"),
    (LandUseCode, "KĐD"),
    (LandChangeCode, "CN"),
    (PermitKindCode, "5"),
    (PermitStepCode, "TNHS"),
    (WorksStatusCode, "DXD"),
    (CitizenId, "074000000001"),
    (TaxCode, "0100000003"),
    (TaxCode, "0100000003-001"),  # of a branch
    (TaxCode, "074000000001"),  # of a person
]

IRREGULAR = [
    (ProcedureCode, "1.001612-TH2", "procedure_code_irregular"),  # seen in a test system
    (ProcedureCode, "1.01322", "procedure_code_irregular"),
    (ProcedureCode, "١.٠١٣٢٢٥", "procedure_code_irregular"),  # digits, yet not these
    (DossierCode, "000.00.05.H09-210927", "dossier_code_irregular"),  # without its number
    (DossierCode, "SBN-2021-44", "dossier_code_irregular"),  # a receipt number of the land office
    (AgencyCode, "SXD", "agency_code_irregular"),
    (AgencyCode, "000.00.123.H09", "agency_code_irregular"),  # a level has two digits
    (AgencyCode, "000.123.01.H09", "agency_code_irregular"),
    (FieldCode, "BTC-NSNN", "field_code_irregular"),
    (FieldCode, "LVK", "field_code_irregular"),
    (NationalParcelId, "w3gvk1h2m8qa", "national_parcel_id_irregular"),  # "a" is not in the alphabet
    (NationalParcelId, "w3gvk1h2m8q", "national_parcel_id_irregular"),
    (LandUseCode, "ODT+CLN", "land_use_code_unknown"),  # two uses in one
    (LandUseCode, "thổ cư", "land_use_code_unknown"),
    (LandChangeCode, "ZZ", "land_change_code_unknown"),
    (PermitKindCode, "12", "permit_kind_unknown"),
    (PermitStepCode, "XYZ", "permit_step_unknown"),
    (WorksStatusCode, "dxd", "works_status_unknown"),
    (CitizenId, "097000000001", "citizen_id_irregular"),  # no such province
    (CitizenId, "000000000001", "citizen_id_irregular"),
    (CitizenId, "280000001", "citizen_id_irregular"),  # an old identity card
    (TaxCode, "0100000004", "tax_code_irregular"),  # wrong check digit
    (TaxCode, "0100000003-01", "tax_code_irregular"),
]

NEVER = [
    (MapSheetNumber, "4:5", "map_sheet_irregular"),  # a colon parts the numbers of a key
    (MapSheetNumber, "9" * 41, "string_too_long"),
    (ParcelNumber, "12\n13", "parcel_number_irregular"),
    (ParcelKey, "25747:45:123", "parcel_key_irregular"),
    (ParcelKey, "gso-2024-01:25747:45:123", "parcel_key_irregular"),
    (CrsName, "VN-2000", "crs_irregular"),
    (CertificateSerial, "B" * (CODE_LENGTH + 1), "string_too_long"),
    (ProcedureCode, "x" * (CODE_LENGTH + 1), "string_too_long"),
    (ProcedureCode, "1.013225\n1.013226", "procedure_code_irregular"),  # two lines make no code
    (ProcedureCode, "", "text_empty"),
    (LandUseCode, " ", "text_empty"),
    (DossierCode, "H09\x00", "text_control_character"),
]


def rules(refusal: pytest.ExceptionInfo[ValidationError]) -> set[str]:
    return {details["type"] for details in refusal.value.errors()}


@pytest.mark.parametrize(("code_type", "code"), REGULAR)
@pytest.mark.parametrize("context", [None, Irregularities()], ids=["strict", "lenient"])
def test_a_regular_code_is_taken(code_type: Any, code: str, context: Irregularities | None) -> None:
    accepted = TypeAdapter(code_type).validate_python(code, context=context)

    assert accepted == code.strip()
    assert not context


@pytest.mark.parametrize(("code_type", "code", "rule"), IRREGULAR)
def test_an_irregular_code_is_refused_for_writing(code_type: Any, code: str, rule: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(code_type).validate_python(code)

    assert rule in rules(refusal)


@pytest.mark.parametrize(("code_type", "code", "rule"), IRREGULAR)
def test_an_irregular_code_is_forgiven_in_reading_and_remembered(code_type: Any, code: str, rule: str) -> None:
    irregularities = Irregularities()

    accepted = TypeAdapter(code_type).validate_python(code, context=irregularities)

    assert (accepted, irregularities) == (code, [rule])


@pytest.mark.parametrize(("code_type", "code", "rule"), NEVER)
@pytest.mark.parametrize("context", [None, Irregularities()], ids=["strict", "lenient"])
def test_what_could_be_no_code_is_never_taken(
    code_type: Any, code: str, rule: str, context: Irregularities | None
) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(code_type).validate_python(code, context=context)

    assert rule in rules(refusal)


@pytest.mark.parametrize("serial", ["BA123456", "ba 123 456", " Ba\u00a0123456"])
def test_serials_that_differ_in_case_and_spaces_are_one(serial: str) -> None:
    assert TypeAdapter(CertificateSerial).validate_python(serial) == "BA123456"


@pytest.mark.parametrize(("code_type", "code"), REGULAR)
def test_the_pattern_of_the_json_schema_fits_what_is_taken(code_type: Any, code: str) -> None:
    schema = TypeAdapter(code_type).json_schema()

    assert schema["type"] == "string"
    assert re.search(schema.get("pattern", ""), code.strip())


SEVERAL = st.lists(st.integers(1, 999).map(str), min_size=2, max_size=4)


@given(SEVERAL, st.sampled_from([", ", ",", "; ", ";", " + ", "+", " & ", " và ", " - ", " ", "\n"]))
@pytest.mark.parametrize("code_type", [MapSheetNumber, ParcelNumber])
def test_several_numbers_are_no_number_of_one_sheet_or_parcel(code_type: Any, numbers: list[str], mark: str) -> None:
    assume(not re.fullmatch(r"[0-9]+,0+", mark.join(numbers)))  # the text of a number with a fraction

    with pytest.raises(ValidationError):
        TypeAdapter[Any](code_type).validate_python(mark.join(numbers), context=Irregularities())


@pytest.mark.parametrize("number", ["12a", "604-1", "12/3", "DC 12", "12 bis", "tách 5", "5 ĐC"])
def test_a_number_with_letters_or_parts_is_one_number(number: str) -> None:
    assert TypeAdapter[Any](ParcelNumber).validate_python(number) == number
