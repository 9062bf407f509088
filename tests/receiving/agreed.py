"""Steps of tests over a route by an agreement: agree, change, pull, run, and what is on record."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from cchc_connect import Config
from cchc_connect.database.outbox.deliveries import route_states
from cchc_connect.database.stream import Stream
from cchc_connect.database.tables import delivery
from cchc_connect.diagnostics.routes import route_findings
from cchc_connect.messages import Language, render_message
from cchc_connect.sharing.facts import Official
from cchc_connect.sharing.life_cycle import ChangedBy
from cchc_connect.sharing.terms import SharingTerms
from cchc_connect.sync.pull import Pull
from cchc_connect.sync.report import RunStatus
from cchc_schemas import Dossier
from tests.audit_log import broken_entry, documents
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sharing.in_force import in_force
from tests.sync.memory_systems import DossierRegister, NoRequestTransport, UnfencedRunContext, dossier_codes

*CODES, FURTHER = dossier_codes(7)

PROVIDER, CONSUMER, OTHER = "H09.1", "G22", "000.00.99.H09"
TERMS = SharingTerms(officials={"officer": Official(agency=CONSUMER, is_data_officer=True)})

Step = Callable[..., object]


def with_route(setting: ReceivingSetting) -> ReceivingSetting:
    """Return the setting with dossiers, and a route by an agreement that is not stored yet."""
    setting.holds(*dossiers(*CODES, applicant_name="Nguyễn Thị Mẫu", applicant_phone="0900000123"))
    setting.routes = {"publish": {"from": ["dossier"], "to": "portal", "agreement": "invented"}}
    return setting


def agree(setting: ReceivingSetting, *records: str, **terms: Any) -> None:
    with setting.database() as database:
        in_force(database, PROVIDER, CONSUMER, *(records or ("dossier",)), at=setting.clock.moment, **terms)


def change(setting: ReceivingSetting, step: Step) -> None:
    """Suspend, resume or end the agreement."""
    with setting.database() as database, database.writing() as connection:
        step(connection, "invented", TERMS, ChangedBy(official="officer", at=setting.clock.moment))


def entries(setting: ReceivingSetting, **members: object) -> list[dict[str, Any]]:
    with setting.database() as database, database.reading() as connection:
        assert broken_entry(connection) is None
        return list(documents(connection, **members))


def outcome(setting: ReceivingSetting) -> tuple[RunStatus, str | None]:
    """Run once; return how the route ended, and why in one language."""
    (line, *_) = setting.sync().lines
    return line.outcome, None if line.reason is None else str(line.reason)


def waiting(setting: ReceivingSetting) -> Mapping[str, object]:
    """Return the state of the route, whose messages must not have lost an attempt."""
    with setting.database() as database, database.reading() as connection:
        assert set(connection.execute(select(delivery.c.attempts).where(delivery.c.state == "waiting")).scalars()) <= {
            0
        }
        (state,) = route_states(connection)
    return {name: state[name] for name in ("waiting", "delivered", "dead")}


def states(setting: ReceivingSetting) -> Counter[str]:
    return Counter(state for _, _, _, state, _ in setting.deliveries())


def pull(setting: ReceivingSetting, name: str, agency: str, items: list[dict[str, Any]], **options: Any) -> None:
    """Pull dossiers of a connection of an agency."""
    with setting.database() as database:
        context = UnfencedRunContext(run_id=name, database=database, clock=setting.clock, token=None, **options)
        stream = Stream(connection=name, record_type="dossier", agency=agency)
        Pull(DossierRegister(items, Dossier), stream, NoRequestTransport(), context).run()


def route_check(setting: ReceivingSetting, **tables: Any) -> list[tuple[str, str]]:
    """Return level and sentence of each finding of a check on the route."""
    config = Config.from_tables({**setting.tables, **tables}, Path("cchc.toml"))
    with setting.database() as database:
        return [
            (finding.level, render_message(finding.message.code, Language.ENGLISH, finding.message.context))
            for finding in route_findings(config, database, setting.clock)
        ]
