"""The decision on an access request: what nothing grants is refused, with every reason that speaks against it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cchc_connect.sharing.agencies import AgencyTree, AgencyUnit
from cchc_connect.sharing.agreements import Action, AgreementState, Treatment
from cchc_connect.sharing.decision import AccessDecision, AccessRefusal, decide
from cchc_connect.sharing.facts import AgreementUse, DossierFacts, Facts, Official, StoredAgreement
from cchc_connect.sharing.requests import AccessRequest
from cchc_schemas import DossierStatus
from cchc_schemas.legal_acts import LegalAct, legal_acts
from tests.sharing.invented_agreements import (
    BUILDING,
    DOSSIER,
    KEY,
    LAND,
    NOW,
    PROCEDURE,
    PROVINCE,
    agreement,
    facts,
    grant,
    request,
    signed,
)

ENDED = date(2026, 11, 29)
"""The last day of agencies that are no more."""


def reasons(asking: AccessRequest, known_facts: Facts) -> Sequence[str]:
    """Return why a request is refused; empty if it is granted."""
    outcome = decide(asking, known_facts)
    return [] if isinstance(outcome, AccessDecision) else list(outcome.reasons)


def granted(asking: AccessRequest, known_facts: Facts) -> AccessDecision:
    outcome = decide(asking, known_facts)
    assert isinstance(outcome, AccessDecision)
    return outcome


def dossier(**changes: Any) -> DossierFacts:
    everything: dict[str, Any] = {
        "code": DOSSIER,
        "procedure": PROCEDURE,
        "agency": BUILDING,
        "status": DossierStatus.IN_PROCESS,
    }
    return DossierFacts(**{**everything, **changes})


def test_a_request_within_a_grant_gets_its_fields_with_their_treatments() -> None:
    decision = granted(request(), facts())

    assert decision.agreement.reference == "parcels@1"
    assert dict(decision.fields) == {
        **dict.fromkeys(KEY, Treatment.PLAIN),
        "area_m2": Treatment.PLAIN,
        **{
            f"uses.{name}": Treatment.PLAIN for name in ("code", "catalogue", "area_m2", "term", "expires_on", "origin")
        },
        "holders.name": Treatment.PLAIN,
        "holders.id_number": Treatment.MASKED,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"consumer": LAND, "official": "lan"}, ["no_agreement"]),
        ({"provider": PROVINCE}, ["no_agreement"]),
        ({"agreement": "other"}, ["no_agreement"]),
        ({"grant": "2"}, ["no_agreement"]),
        ({"record_type": "dossier"}, ["record", "field"]),
        ({"action": Action.EXPORT}, ["action"]),
        ({"purpose": "land_finance"}, ["purpose"]),
        ({"purpose": None}, ["purpose"]),
        ({"procedure": "1.000001"}, ["procedure"]),
        ({"fields": ("area_m2", "address")}, ["field"]),
        ({"fields": ()}, ["field"]),
        ({"fields": ("holders",)}, ["field"]),
        ({"official": None}, ["official_missing"]),
        ({"official": None, "account": "minh"}, ["official_missing"]),
        ({"official": "lan"}, ["official_missing"]),
        ({"official": "nobody"}, ["official_missing"]),
        ({"dossier": None}, ["dossier_missing"]),
        ({"dossier": "000.00.05.H09-260801-0002"}, ["dossier_foreign"]),
        ({"at": datetime(2026, 7, 31, 16, 59, tzinfo=UTC)}, ["not_in_force"]),
        ({"at": datetime(2027, 7, 31, 17, 0, tzinfo=UTC)}, ["not_in_force"]),
        ({"official": None, "dossier": None, "action": Action.PUSH}, ["action", "official_missing", "dossier_missing"]),
    ],
)
def test_what_nothing_grants_is_refused_with_every_reason(changes: dict[str, Any], expected: list[str]) -> None:
    assert reasons(request(**changes), facts()) == expected


def test_first_and_last_day_count_by_vietnamese_days() -> None:
    first, last = datetime(2026, 7, 31, 17, 0, tzinfo=UTC), datetime(2027, 7, 31, 16, 59, tzinfo=UTC)

    assert [reasons(request(at=at), facts()) for at in (first, last)] == [[], []]


def test_the_purpose_of_a_named_agreement_need_not_be_repeated() -> None:
    assert reasons(request(purpose=None, agreement="parcels"), facts()) == []


@pytest.mark.parametrize("state", AgreementState)
def test_only_what_both_agencies_approved_and_nobody_stopped_is_in_force(state: AgreementState) -> None:
    expected = [] if state in {AgreementState.SIGNED, AgreementState.IN_FORCE} else ["not_in_force"]

    assert reasons(request(), facts(signed(state))) == expected


@pytest.mark.parametrize("approvals", [(None, None), ("lan", None), (None, "minh")])
def test_an_agreement_that_one_agency_did_not_approve_grants_nothing(approvals: tuple[str | None, str | None]) -> None:
    stored = StoredAgreement(
        agreement=agreement(),
        state=AgreementState.IN_FORCE,
        approved_by_provider=approvals[0],
        approved_by_consumer=approvals[1],
    )

    assert reasons(request(), facts(stored)) == ["not_in_force"]


def test_a_later_version_closes_the_earlier_ones_even_where_it_is_suspended() -> None:
    suspended = signed(AgreementState.SUSPENDED, version=2)
    draft = StoredAgreement(agreement=agreement(version=3), state=AgreementState.DRAFT)

    assert reasons(request(), facts(signed(), suspended)) == ["not_in_force"]
    assert reasons(request(), facts(signed(), draft)) == []


def test_one_act_in_force_that_day_suffices_and_none_is_a_refusal() -> None:
    dead, living = {"act": "nd-47-2020"}, {"act": "nd-278-2025"}

    assert reasons(request(), facts(signed(legal_basis=[dead]))) == ["act_lapsed"]
    assert reasons(request(), facts(signed(legal_basis=[dead, living]))) == []
    assert reasons(request(), facts(signed(legal_basis=[{"act": "unknown"}]))) == ["act_lapsed"]


def test_the_last_day_of_an_act_still_counts() -> None:
    last = LegalAct(id="last", number="1", in_force_to=date(2026, 11, 30))
    known_facts = facts(signed(legal_basis=[{"act": "last"}]), acts={**legal_acts(), "last": last})

    assert reasons(request(), known_facts) == []
    assert reasons(request(at=NOW + timedelta(days=1)), known_facts) == ["act_lapsed"]


def test_a_grant_with_acts_of_its_own_needs_one_of_them_too() -> None:
    stored = signed(grant=[grant(legal_basis=[{"act": "nd-13-2023"}])])

    assert reasons(request(), facts(stored)) == ["act_lapsed"]


def test_an_agency_past_its_last_day_gets_and_gives_nothing() -> None:
    for ended in (LAND, BUILDING):
        tree = AgencyTree([AgencyUnit(code=ended, valid_to=date(2026, 11, 30), successors=("000.00.09.H09",))])

        assert reasons(request(), facts(agencies=tree)) == []
        assert reasons(request(at=NOW + timedelta(days=1)), facts(agencies=tree)) == ["not_in_force"]


def test_a_successor_needs_an_agreement_of_its_own() -> None:
    tree = AgencyTree([AgencyUnit(code=BUILDING, successors=("000.00.09.H09",)), AgencyUnit(code="000.00.09.H09")])

    assert reasons(request(consumer="000.00.09.H09"), facts(agencies=tree)) == ["no_agreement"]


def test_codes_of_both_systems_name_one_agency() -> None:
    tree = AgencyTree([AgencyUnit(code=BUILDING, other_codes=("H09.5",))])
    known_facts = facts(agencies=tree, officials={"minh": Official(agency="H09.5")}, dossier=dossier(agency="H09.5"))

    assert reasons(request(consumer="H09.5"), known_facts) == []


def test_an_official_acts_to_the_last_day() -> None:
    officials = {"minh": Official(agency=BUILDING, valid_to=date(2026, 11, 30))}

    assert reasons(request(), facts(officials=officials)) == []
    assert reasons(request(at=NOW + timedelta(days=1)), facts(officials=officials)) == ["official_missing"]


def test_an_official_who_is_named_is_known_though_none_is_required() -> None:
    stored = signed(requires=[])

    assert reasons(request(official=None), facts(stored)) == []
    assert reasons(request(official="nobody"), facts(stored)) == ["official_missing"]


def test_asking_inside_a_granted_part_is_allowed() -> None:
    assert list(granted(request(fields=("uses.code",)), facts()).fields) == ["uses.code"]
    assert len(granted(request(fields=("uses",)), facts()).fields) == 6


def test_of_a_part_that_is_only_said_to_exist_nothing_inside_may_be_asked() -> None:
    known_facts = facts(signed(grant=[grant(fields={**KEY, "holders": "exists"})]))

    assert granted(request(fields=("holders",)), known_facts).fields == {"holders": Treatment.EXISTS}
    assert reasons(request(fields=("holders.name",)), known_facts) == ["field"]


def test_the_grant_with_the_fewest_fields_decides_then_the_name() -> None:
    wide, narrow = grant(name="wide"), grant(name="narrow", fields={**KEY, "area_m2": "plain"})
    alike = grant(name="alike", fields={**KEY, "address": "plain"})
    known_facts = facts(signed(grant=[wide, narrow, alike]))

    assert granted(request(), known_facts).grant.name == "alike"
    assert granted(request(fields=("area_m2",)), known_facts).grant.name == "narrow"
    assert granted(request(fields=("area_m2",), grant="wide"), known_facts).grant.name == "wide"


def test_grants_are_never_joined() -> None:
    first, second = (
        grant(name="a", fields={**KEY, "area_m2": "plain"}),
        grant(name="b", fields={**KEY, "address": "plain"}),
    )

    assert reasons(request(fields=("area_m2", "address")), facts(signed(grant=[first, second]))) == ["field"]


def test_where_the_deciding_grant_refuses_no_other_is_tried() -> None:
    small = grant(fields={**KEY, "area_m2": "plain"})
    used_up = signed(id="small", grant=[small], quota={"records_per_day": 2})
    uses = [AgreementUse(agreement="small", day=date(2026, 11, 30), dossier="", records=2)]

    assert reasons(request(fields=("area_m2",)), facts(used_up, signed(), uses=uses)) == ["quota"]
    assert reasons(request(fields=("area_m2",), agreement="parcels"), facts(used_up, signed(), uses=uses)) == []


def test_quotas_count_by_day_and_by_dossier_over_all_days() -> None:
    stored = signed(quota={"records_per_day": 10, "records_per_dossier": 7})
    uses = [
        AgreementUse(agreement="parcels", day=date(2026, 11, 30), dossier="", records=6),
        AgreementUse(agreement="parcels", day=date(2026, 11, 29), dossier=DOSSIER, records=4),
        AgreementUse(agreement="other", day=date(2026, 11, 30), dossier=DOSSIER, records=99),
    ]

    assert granted(request(), facts(stored, uses=uses)).records_left == 3
    assert granted(request(), facts(signed(quota={}), uses=uses)).records_left is None


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        *(({"status": DossierStatus(number)}, True) for number in (1, 2, 4, 5, 6, 9)),
        *(({"status": DossierStatus(number)}, False) for number in (3, 7, 8, 10)),
        ({"status": DossierStatus.RETURNED, "processed_at": NOW - timedelta(days=31)}, False),
        ({"status": DossierStatus.RETURNED, "processed_at": NOW - timedelta(days=31), "returned_at": NOW}, True),
        ({"status": DossierStatus.RETURNED, "returned_at": datetime(2026, 10, 31, 17, 0, tzinfo=UTC)}, True),
        ({"status": DossierStatus.RETURNED, "returned_at": datetime(2026, 10, 31, 16, 59, tzinfo=UTC)}, False),
        ({"status": DossierStatus.WITHDRAWN, "stopped_at": NOW - timedelta(days=29)}, True),
        ({"status": DossierStatus.WITHDRAWN, "stopped_at": NOW - timedelta(days=30), "returned_at": NOW}, False),
    ],
)
def test_a_dossier_opens_a_case_while_it_is_open_or_ended_less_than_30_days_ago(
    changes: dict[str, Any], *, is_open: bool
) -> None:
    assert reasons(request(), facts(dossier=dossier(**changes))) == ([] if is_open else ["dossier_closed"])


def test_under_the_scope_all_a_named_dossier_is_the_consumers_and_of_a_granted_procedure_but_may_be_closed() -> None:
    stored = signed(grant=[grant(scope="all")], requires=[], quota={"records_per_day": 100})
    closed = dossier(status=DossierStatus.RETURNED)

    assert reasons(request(), facts(stored, dossier=closed)) == []
    assert reasons(request(), facts(stored, dossier=None)) == ["dossier_foreign"]
    assert reasons(request(), facts(stored, dossier=dossier(procedure="1.000001"))) == ["procedure"]


def test_of_a_dossier_of_another_agency_nothing_is_said() -> None:
    """Not even whether it exists, is closed, or of which procedure it is."""
    for foreign in (None, dossier(agency=LAND), dossier(agency=None), dossier(agency=LAND, procedure="1.000001")):
        assert reasons(request(), facts(dossier=foreign)) == ["dossier_foreign"]


def test_a_dossier_of_an_agency_below_or_of_a_predecessor_is_the_consumers() -> None:
    tree = AgencyTree(
        [
            AgencyUnit(code=BUILDING),
            AgencyUnit(code="000.05.30.H09", parent=BUILDING),
            AgencyUnit(code="000.00.15.H09", successors=(BUILDING, LAND), valid_to=date(2026, 11, 29)),
        ],
        day=date(2026, 11, 30),
    )

    for agency, expected in (("000.05.30.H09", []), ("000.00.15.H09", []), (LAND, ["dossier_foreign"])):
        assert reasons(request(), facts(agencies=tree, dossier=dossier(agency=agency))) == expected


def test_a_procedure_that_contradicts_the_dossier_is_refused() -> None:
    stored = signed(procedures=[])

    assert reasons(request(procedure="1.000001"), facts(stored)) == ["procedure"]
    assert reasons(request(), facts(stored)) == []


def test_without_dossier_and_procedure_an_agreement_for_procedures_grants_nothing() -> None:
    stored = signed(grant=[grant(scope="all")], requires=[], quota={"records_per_day": 100})

    assert reasons(request(dossier=None), facts(stored)) == ["procedure"]
    assert reasons(request(dossier=None, procedure=PROCEDURE), facts(stored)) == []


def test_a_match_compares_only_the_fields_that_are_granted_for_it() -> None:
    assert dict(granted(request(action=Action.MATCH), facts()).fields) == {"holders.id_number": Treatment.EXISTS}
    assert reasons(request(action=Action.MATCH, fields=("holders.name",)), facts()) == ["field"]
    assert reasons(request(action=Action.MATCH), facts(signed(grant=[grant(match=[])]))) == ["field"]


def test_of_several_candidates_the_nearest_one_gives_the_reasons() -> None:
    far = signed(id="far", purpose="land_finance", actions=["push"])
    outcome = decide(request(official=None), facts(far, signed()))

    assert isinstance(outcome, AccessRefusal)
    assert (outcome.agreement, outcome.reasons) == ("parcels@1", ("official_missing",))


def test_a_delayed_disclosure_is_shown_after_its_days() -> None:
    delayed = agreement(disclosure="delayed", delay={"act": "nd-356-2025", "days": 30})

    assert delayed.disclosed_from(date(2026, 12, 5)) == date(2027, 1, 4)
    assert agreement().disclosed_from(date(2026, 12, 5)) is None


def test_under_an_agency_are_those_below_it_and_successors() -> None:
    tree = AgencyTree(
        [
            AgencyUnit(code="a"),
            AgencyUnit(code="b", other_codes=("B",), parent="a", successors=("c",), valid_to=ENDED),
            AgencyUnit(code="c", parent="x"),
            AgencyUnit(code="d", parent="c", successors=("b",), valid_to=ENDED),
        ],
        day=date(2026, 11, 30),
    )

    assert tree.under("a") == {"a", "b", "c", "d"}
    assert tree.under("B") == {"b", "c", "d"}
    assert tree.own("c") == {"b", "c", "d"}
    assert tree.codes(["b"]) == {"b", "B"}


def test_an_agency_takes_over_after_the_last_day_of_its_predecessor() -> None:
    former = AgencyUnit(code="old", successors=("new",), valid_to=ENDED)
    living = AgencyUnit(code="living", successors=("new",))
    units = [former, living, AgencyUnit(code="new")]

    on_the_last_day, day_after = (AgencyTree(units, day=ENDED + timedelta(days=days)) for days in (0, 1))

    for tree in (on_the_last_day, AgencyTree(units)):
        assert tree.own("new") == tree.as_provider("new") == {"new"}
        assert tree.under("old") == {"old"}
    assert day_after.own("new") == day_after.as_provider("new") == {"new", "old"}
    assert day_after.under("old") == {"old", "new"}
    assert day_after.under("living") == {"living"}


def test_agencies_that_took_over_from_each_other_have_only_what_is_their_own() -> None:
    units = [
        AgencyUnit(code="a", successors=("b",), valid_to=ENDED),
        AgencyUnit(code="b", successors=("a", "b", "c"), valid_to=ENDED),
    ]

    tree = AgencyTree(units, day=date(2026, 11, 30))

    assert tree.as_provider("a") == tree.own("a") == {"a"}
    assert tree.as_provider("b") == tree.own("b") == {"b"}
    assert tree.as_provider("c") == {"b", "c"}


def test_a_code_that_may_mean_two_agencies_means_none_by_the_other_system() -> None:
    """Neither one that two agencies claim, nor the own code of another one."""
    tree = AgencyTree(
        [
            AgencyUnit(code="a", other_codes=("H09.1", "b")),
            AgencyUnit(code="b", other_codes=("H09.1", "H09.2")),
        ]
    )

    assert [tree.code(code) for code in ("H09.1", "b", "H09.2")] == ["H09.1", "b", "b"]
    assert tree.codes(["a"]) == {"a"}
    assert tree.codes(["H09.2"]) == {"b", "H09.2"}
