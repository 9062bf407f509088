"""`agreements draft`: from a route to an agreement that two officers approve, in minutes; nothing of it is guessed."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config, apply_agreements, approve_agreement
from cchc_connect.clock import SystemClock
from cchc_connect.sharing.agreement_files import read_folder
from cchc_connect.sharing.route_grants import RouteGrants, route_agreements
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import RECORD_TYPES, vietnamese_day
from tests.cli.conftest import CONFIG, Call, write_config
from tests.receiving.adapter import ENTRY_POINT
from tests.receiving.setting import RECEIVING_ADAPTER
from tests.simulation.adapter import installed

PROVINCE, LAND, PORTAL = "000.00.00.H09", "000.00.07.H09", "000.00.00.G22"
REASONS: Mapping[str, Any] = {
    "purpose": "Công khai tiến độ giải quyết hồ sơ trên Cổng Dịch vụ công",
    "legal_basis": "Quyết định 766/QĐ-TTg ngày 23/6/2022",
}
DESK = {"adapter": "program", "agency": PROVINCE}
ALONE: Mapping[str, Any] = {"desk": DESK}
FOLDER = Path("agreements")
TODAY = vietnamese_day(SystemClock().now())
DRAFTED = f"to-portal-{TODAY.year}"


@pytest.fixture(autouse=True)
def receiver() -> Iterator[None]:
    """Install the adapter of a system that takes records of every type."""
    with installed(RECEIVING_ADAPTER):
        yield


def configure(*records: str, desks: Mapping[str, Any] = ALONE, **route: Any) -> None:
    """Write a configuration with one route, and a data officer of each agency."""
    portal = {"adapter": ENTRY_POINT, "agency": PORTAL, "base_url": "http://127.0.0.1:1"}
    table = {"from": list(records or ("dossier", "dossier_step")), "to": "portal", **route}
    officials = {
        name: {"agency": agency, "data_officer": True} for name, agency in (("lan", PROVINCE), ("minh", PORTAL))
    }
    connections = {"portal": portal, **desks}
    tables = {"connections": connections, "routes": {"to-portal": table}, "officials": officials}
    write_config(CONFIG, {"database": {"url": "sqlite:///shared.db"}, **tables})


def text() -> str:
    return (FOLDER / f"{DRAFTED}.toml").read_text(encoding="utf-8")


def fields(record: str) -> set[str]:
    """Return the fields that the draft grants of a record type."""
    (entry,) = read_folder(FOLDER, SharingTerms(), TODAY).agreements
    (grant,) = [grant for grant in entry.agreement.grants if grant.record == record]
    return set(grant.fields)


def decided() -> RouteGrants:
    """Apply and approve what is in the folder, and return what the route may send by it."""
    config = Config.load(CONFIG)
    with config.open_database() as database:
        apply_agreements(config, database, "lan")
        for official in ("lan", "minh"):
            approve_agreement(config, database, f"{DRAFTED}@1", official)
        agreement = route_agreements(config, config.routes)["to-portal"]
        with database.reading() as connection:
            decision = agreement.decide(connection, SystemClock().now())
    assert isinstance(decision, RouteGrants)
    return decision


@pytest.mark.parametrize("is_former", [True, False])
def test_a_route_of_any_record_types_may_send_by_its_draft(call: Call, is_former: bool) -> None:  # noqa: FBT001  # a case
    configure(*RECORD_TYPES, **(REASONS if is_former else {"agreement": DRAFTED}))

    drafted = call("agreements", "draft", "to-portal", "--purpose", "progress_publication", "--act", "qd-766-2022")

    assert drafted.code == 0, drafted.err
    configure(*RECORD_TYPES, agreement=DRAFTED)
    assert call("agreements", "check").code == 0
    assert decided().by_type.keys() == RECORD_TYPES.keys()


def test_purpose_and_acts_are_found_in_the_words_of_a_route_of_an_earlier_version(call: Call) -> None:
    configure(**REASONS)

    drafted = call("agreements", "draft", "--json").document

    (draft,) = drafted["drafts"]
    assert draft["open"] == []
    (entry,) = read_folder(FOLDER, SharingTerms(), TODAY).agreements
    agreement = entry.agreement
    assert (agreement.provider, agreement.consumer, agreement.purpose) == (PROVINCE, PORTAL, "progress_publication")
    assert [basis.act for basis in agreement.legal_basis] == ["qd-766-2022"]
    assert (agreement.starts, str(agreement.actions[0])) == (TODAY, "push")


def test_what_nobody_said_is_left_open_and_named_by_check(call: Call) -> None:
    configure(agreement=DRAFTED)

    drafted = call("agreements", "draft", "to-portal")

    assert "To complete: purpose, legal_basis" in drafted.out
    assert "# - progress_publication: publish the progress of dossiers" in text()
    checked = call("agreements", "check")
    assert checked.code == 78
    assert f"{DRAFTED}.toml [agreement.{DRAFTED}] purpose" in checked.out
    assert f"{DRAFTED}.toml [agreement.{DRAFTED}] legal_basis.1.act" in checked.out


def test_a_new_route_sends_no_personal_data_that_nobody_asked_for(call: Call) -> None:
    configure(agreement=DRAFTED, withhold=["dossier.summary"])
    call("agreements", "draft", "--purpose", "progress_publication", "--act", "qd-766-2022")

    assert "status" in fields("dossier")
    assert not fields("dossier") & {"applicant_name", "applicant_id", "applicant_phone", "summary"}
    assert '\n#applicant_name = "plain"\n' in text()
    assert '\n#applicant_id = "masked"\n' in text()


def test_a_route_of_an_earlier_version_goes_on_sending_what_may_leave_as_it_is(call: Call) -> None:
    configure(**REASONS, withhold=["dossier.applicant_email"])
    call("agreements", "draft")

    assert "applicant_name" in fields("dossier")
    assert not fields("dossier") & {"applicant_email", "applicant_id", "applicant_phone"}


def test_it_says_what_is_left_to_do(call: Call) -> None:
    configure(**REASONS)

    steps = call("agreements", "draft").out

    assert f'[routes.to-portal]: write agreement = "{DRAFTED}" in place of purpose and legal_basis' in steps
    assert f"agreements approve {DRAFTED}@1" in steps
    assert "name the data officers" not in steps


def test_a_route_that_names_its_agreement_gets_a_draft_of_that_id(call: Call) -> None:
    configure(agreement="tinh-dvcqg-2026")
    steps = call("agreements", "draft").out

    assert (FOLDER / "tinh-dvcqg-2026.toml").exists()
    assert "in place of purpose" not in steps


def test_the_comments_are_in_the_language_of_the_command(call: Call) -> None:
    configure(agreement=DRAFTED)
    call("--lang", "vi", "agreements", "draft")

    assert "# - progress_publication: Công khai tiến độ giải quyết hồ sơ" in text()
    assert 'status = "plain"  # trạng thái hồ sơ' in text()


def test_no_file_is_replaced(call: Call) -> None:
    configure(agreement=DRAFTED)
    call("agreements", "draft", "--purpose", "inspection", "--act", "qd-766-2022")
    before = text()

    assert call("agreements", "draft").out.startswith("Every route has its agreement in the folder of agreements.\n")
    again = call("agreements", "draft", "to-portal")

    assert again.code == 64
    assert f"The agreement {DRAFTED} is in" in again.err
    assert text() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["to-portl"], "There is no route 'to-portl'. Did you mean 'to-portal'?"),
        (["--purpose", "progress"], "unknown purpose 'progress'."),
        (["--act", "qd-766-2021"], "unknown act 'qd-766-2021'. Did you mean 'qd-766-2022'?"),
    ],
)
def test_names_that_do_not_exist_are_refused_and_nothing_is_written(
    call: Call, arguments: list[str], sentence: str
) -> None:
    configure(agreement=DRAFTED)

    refused = call("agreements", "draft", *arguments)

    assert refused.code == 64
    assert sentence in refused.err
    assert not FOLDER.exists()


def test_of_several_providers_one_is_named(call: Call) -> None:
    configure(agreement=DRAFTED, desks={"desk": DESK, "land": {**DESK, "agency": LAND}})

    refused = call("agreements", "draft")

    assert refused.code == 64
    assert f"several agencies: {PROVINCE} (desk), {LAND} (land)" in refused.err
    assert call("agreements", "draft", "--provider", LAND, "--json").document["drafts"][0]["provider"] == LAND


def test_other_faults_of_the_configuration_are_told(call: Call) -> None:
    configure(**REASONS, withhold=["dossier.code"])

    refused = call("agreements", "draft")

    assert refused.code == 78
    assert "[routes.to-portal] withhold" in refused.err


def test_a_draft_that_is_there_already_stays_and_the_command_says_what_to_do(call: Call) -> None:
    """It names no option that the command lacks."""
    configure("dossier")
    assert call("agreements", "draft").code == 0
    before = (FOLDER / f"{DRAFTED}.toml").read_text(encoding="utf-8")

    again, vietnamese = call("agreements", "draft"), call("agreements", "draft", "--lang", "vi")

    assert (again.code, vietnamese.code) == (73, 73)
    assert f"{DRAFTED} is drafted already" in again.err
    assert "move that file away first" in again.err
    assert "--force" not in again.err + vietnamese.err
    assert "đề nghị chuyển tệp đó sang nơi khác" in vietnamese.err
    assert vietnamese.err.endswith("cchc-connect agreements check --lang vi\n")
    assert (FOLDER / f"{DRAFTED}.toml").read_text(encoding="utf-8") == before


def test_without_anything_to_draft_the_command_says_that_it_drafts_for_routes_only(call: Call) -> None:
    CONFIG.write_text("", encoding="utf-8")

    drafted = call("agreements", "draft")

    assert drafted.code == 0
    assert "Only agreements of routes are drafted" in drafted.out
