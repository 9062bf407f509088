"""Which agencies are known: those of the configuration, and those whose records the shared database has."""

from cchc_connect import Config, SharedDatabase
from cchc_connect.sharing.known_agencies import with_known_agencies
from cchc_connect.sharing.terms import KnownAgencies, SharingTerms
from cchc_schemas import Agency
from tests.sharing.invented_agreements import BUILDING, LAND, PROVINCE
from tests.sharing.shared_records import dossier, parcel, write

WITHOUT_CONNECTIONS = Config.load('[operator]\nagency = "000.00.01.H09"\n[officials.lan]\nagency = "000.00.02.H09"\n')
"""The connections that wrote the records are in it no longer."""


def test_agencies_are_known_by_officials_operator_and_records(address: str) -> None:
    with SharedDatabase(address) as database:
        write(database, "land", [parcel("1"), parcel("2")])
        write(database, "province", [dossier(), Agency(code="000.00.09.H09", name="Sở Giả Định", code_qd_20="H09.9")])
        with database.reading() as connection:
            terms = with_known_agencies(SharingTerms(), WITHOUT_CONNECTIONS, connection)

    assert terms.known_agencies == KnownAgencies(
        providers=frozenset({LAND, PROVINCE}),
        named=frozenset({"000.00.01.H09", "000.00.02.H09", "000.00.09.H09", "H09.9"}),
    )
    assert terms.known_agencies is not None
    assert BUILDING not in terms.known_agencies.codes


def test_without_a_database_the_configuration_alone_says_it() -> None:
    text = f'[connections.land]\nadapter = "program"\nagency = "{LAND}"\n'

    terms = with_known_agencies(SharingTerms(), Config.load(text))

    assert terms.known_agencies == KnownAgencies(providers=frozenset({LAND}))
