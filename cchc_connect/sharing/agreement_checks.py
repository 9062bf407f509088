"""Checks of an agreement: what it names exists, its days are possible, its acts are in force, and what ends soon."""

from collections.abc import Iterator, Sequence
from datetime import date

from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import alike, suggestion
from cchc_connect.sharing.agreements import MAX_YEARS, Action, Agreement, Basis, GrantScope, Treatment
from cchc_connect.sharing.findings import AgreementFinding, fault, warning
from cchc_connect.sharing.grant_checks import grant_findings
from cchc_connect.sharing.granted_fields import expanded_fields
from cchc_connect.sharing.sent_records import SentRecords
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import Record
from cchc_schemas.codes import AGENCY_CODE, PROCEDURE_CODE
from cchc_schemas.legal_acts import replacements
from cchc_schemas.record_paths import leaves
from cchc_schemas.text import listed

WARNING_DAYS = (7, 30, 90)
"""Days before an end from which it is told, with the nearest of these."""

AGENCY_WARNINGS = frozenset({"agency_unknown", "agency_named_nowhere", "provider_without_records"})
"""Warnings that the code of an agency is perhaps mistyped."""


def agreement_findings(agreement: Agreement, terms: SharingTerms, day: date) -> Iterator[AgreementFinding]:
    """Yield what is wrong with an agreement on a Vietnamese day, and what somebody should look at."""
    yield from _party_findings(agreement, terms, day)
    yield from _day_findings(agreement, day)
    yield from _name_findings(agreement, terms)
    yield from _act_findings(agreement, terms, day)
    seen = set[str]()
    for number, grant in enumerate(agreement.grants, start=1):
        at = f"grant.{number}"
        if grant.name in seen:
            yield fault("grant_twice", f"{at}.name", value=grant.name)
        seen.add(grant.name)
        if grant.match and Action.MATCH not in agreement.actions:
            yield warning("match_without_action", f"{at}.match")
        yield from grant_findings(grant, at, terms)
    yield from _quota_findings(agreement, terms)
    if Action.PUSH in agreement.actions:
        yield from _push_findings(agreement, terms)
    if Action.MATCH in agreement.actions and not any(grant.match for grant in agreement.grants):
        yield warning("action_without_match", "actions")


def masked_and_matched(
    agreement: Agreement, together: Sequence[Agreement], terms: SharingTerms
) -> Iterator[AgreementFinding]:
    """Yield a warning for each number that is compared by an agreement and shown masked to its consumer by any.

    Args:
        agreement: the agreement whose `match` is looked at.
        together: the agreements that may apply to its consumer, with itself.
        terms: what its names mean.
    """
    consumer = terms.agencies.code(agreement.consumer)
    masking = dict[tuple[str, str], str]()
    for each in together:
        if terms.agencies.code(each.consumer) == consumer:
            for grant in each.grants:
                masked = [path for path, treatment in grant.fields.items() if treatment is Treatment.MASKED]
                masking = {(grant.record, path): each.reference for path in masked} | masking
    for number, grant in enumerate(agreement.grants, start=1):
        for path in grant.match:
            if (grant.record, path) in masking:
                by = masking[grant.record, path]
                yield warning("match_of_masked", f"grant.{number}.match", field=path, agreement=by)


def _days_left(end: date, day: date) -> int | None:
    """Return how many days are left before an end that is to be told: at most 90; None if it is later, or past."""
    remaining = (end - day).days
    return remaining if 0 <= remaining <= max(WARNING_DAYS) else None


def _urgency(remaining: int) -> int:
    """Return the threshold below which a number of days is: 7, 30 or 90."""
    return next(threshold for threshold in WARNING_DAYS if remaining <= threshold)


def _party_findings(agreement: Agreement, terms: SharingTerms, day: date) -> Iterator[AgreementFinding]:
    tree = terms.agencies
    for key, agency in (("provider", agreement.provider), ("consumer", agreement.consumer)):
        if not AGENCY_CODE.fits(agency):
            yield fault("agency_form", key, value=agency, example=AGENCY_CODE.example)
        else:
            yield from _unknown_agency(key, agency, terms)
        last = tree.valid_to(agency)
        if last is None:
            continue
        successors = ", ".join(tree.successors(agency)) or "-"
        remaining = _days_left(last, day)
        if last < day:
            yield fault("agency_ended", key, value=agency, until=last, successors=successors)
        elif remaining is not None:
            yield warning("agency_ending", key, value=agency, until=last, days=remaining, successors=successors)
    if tree.code(agreement.provider) == tree.code(agreement.consumer):
        yield fault("same_agency", "consumer", value=agreement.consumer)


def _unknown_agency(key: str, agency: str, terms: SharingTerms) -> Iterator[AgreementFinding]:
    """Yield a warning on a code that no agency has, or on a provider without records: it may be mistyped."""
    tree, named = terms.agencies, terms.known_agencies
    if len(tree) and agency not in tree:
        yield warning("agency_unknown", key, value=agency, alike=alike(agency, tree.all_codes))
    elif named is None:
        return
    elif not tree.codes([agency]) & named.codes:
        yield warning("agency_named_nowhere", key, value=agency, alike=alike(agency, named.codes))
    elif key == "provider" and named.providers and not tree.codes(tree.as_provider(agency)) & named.providers:
        yield warning("provider_without_records", key, value=agency, alike=alike(agency, named.providers))


def _day_findings(agreement: Agreement, day: date) -> Iterator[AgreementFinding]:
    if agreement.ends < agreement.starts:
        yield fault("ends_before_start", "ends", starts=agreement.starts, ends=agreement.ends)
        return
    if agreement.ends > years_later(agreement.starts, MAX_YEARS):
        yield fault("too_long", "ends", years=MAX_YEARS, ends=agreement.ends)
    remaining = _days_left(agreement.ends, day)
    if agreement.ends < day:
        yield warning("ended", "ends", ends=agreement.ends)
    elif remaining is not None:
        yield warning("ends_soon", "ends", ends=agreement.ends, days=remaining, threshold=_urgency(remaining))


def _name_findings(agreement: Agreement, terms: SharingTerms) -> Iterator[AgreementFinding]:
    if agreement.purpose not in terms.purposes:
        yield fault(
            "purpose_unknown",
            "purpose",
            value=agreement.purpose,
            suggestion=suggestion(agreement.purpose, terms.purposes),
        )
    for code in agreement.procedures:
        if not PROCEDURE_CODE.fits(code):
            yield fault("procedure_form", "procedures", value=code, example=PROCEDURE_CODE.example)


def _act_findings(agreement: Agreement, terms: SharingTerms, day: date) -> Iterator[AgreementFinding]:
    places_of_bases = [
        ("legal_basis", agreement.legal_basis),
        *((f"grant.{number}.legal_basis", grant.legal_basis) for number, grant in enumerate(agreement.grants, 1)),
    ]
    judged = max(day, agreement.starts)
    for at, bases in places_of_bases:
        yield from _basis_findings(at, bases, terms, judged, agreement.ends)
        acts = [terms.acts[basis.act] for basis in bases if basis.act in terms.acts]
        if bases and not any(act.in_force(judged) for act in acts):
            yield fault("no_act_in_force", at, day=judged)
    if agreement.delay is not None and agreement.delay.act not in terms.acts:
        yield _unknown_act(agreement.delay.act, "delay.act", terms)


def _basis_findings(
    at: str, bases: Sequence[Basis], terms: SharingTerms, day: date, ends: date
) -> Iterator[AgreementFinding]:
    for basis in bases:
        if basis.act not in terms.acts:
            yield _unknown_act(basis.act, at, terms)
            continue
        act = terms.acts[basis.act]
        replaced_by = ", ".join(each.number for each in replacements(terms.acts, act.id)) or "-"
        if not act.in_force(day):
            yield warning("act_lapsed", at, act=act.number, day=day, replaced_by=replaced_by)
        elif act.in_force_to is not None and act.in_force_to < ends:
            yield warning("act_lapsing", at, act=act.number, until=act.in_force_to, replaced_by=replaced_by)


def _quota_findings(agreement: Agreement, terms: SharingTerms) -> Iterator[AgreementFinding]:
    """Yield a fault where a number may be found by trying, and a warning where a case may have any size."""
    quota = agreement.quota
    for number, grant in enumerate(agreement.grants, start=1):
        name = "records_per_dossier" if grant.scope is GrantScope.CASE else "records_per_day"
        record_type = terms.records.get(grant.record, Record)  # of an unknown type no field is known
        numbers = [path for path in grant.match if path in leaves(record_type) and leaves(record_type)[path].is_number]
        if numbers and getattr(quota, name) is None:
            yield fault("match_without_quota", f"grant.{number}.match", field=numbers[0], quota=name)
    has_cases = any(grant.scope is GrantScope.CASE for grant in agreement.grants)
    if has_cases and quota.records_per_dossier is None:
        yield warning("case_without_quota", "quota")


def _push_findings(agreement: Agreement, terms: SharingTerms) -> Iterator[AgreementFinding]:
    """Yield a warning for what keeps every route from sending by an agreement."""
    if agreement.requires or agreement.procedures:
        conditions = [name for name in ("requires", "procedures") if getattr(agreement, name)]
        yield warning("push_requires", conditions[0], value=listed(conditions))
    for number, grant in enumerate(agreement.grants, start=1):
        if grant.scope is GrantScope.CASE:
            yield warning("push_of_case", f"grant.{number}.scope", record_type=grant.record)
        elif grant.record in terms.records and grant.fields:
            record_class = terms.records[grant.record]
            fields = expanded_fields(record_class, grant.fields)
            for each in SentRecords(record_class, fields).unsendable():
                fault_of_route = Message(f"route_fault.{each.rule}", {"record_type": grant.record, "field": each.field})
                yield warning("push_unsendable", f"grant.{number}.fields", reason=fault_of_route)


def _unknown_act(act: str, at: str, terms: SharingTerms) -> AgreementFinding:
    return fault("act_unknown", at, value=act, suggestion=suggestion(act, terms.acts))


def years_later(day: date, years: int) -> date:
    """Return the last day of a term of some years that begins on `day`; the last day there is if it is later.

    >>> years_later(date(2026, 8, 1), 3), years_later(date(2024, 2, 29), 3)
    (datetime.date(2029, 7, 31), datetime.date(2027, 2, 28))
    """
    if day.year + years > date.max.year:
        return date.max
    month_and_day = (day.month, day.day)
    if month_and_day == (2, 29):
        return date(day.year + years, 2, 28)
    return date.fromordinal(day.replace(year=day.year + years).toordinal() - 1)
