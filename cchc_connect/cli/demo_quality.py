"""The end of the demonstration: databases of an invented list that are connected, and how good records are."""

from collections.abc import Mapping
from typing import Any

from cchc_connect.cli.connected import connected_document, show_connected_totals
from cchc_connect.cli.console import Console
from cchc_connect.cli.demo_config import CONSTRUCTION_DEPARTMENT, LAND_DEPARTMENT, LIST_CONNECTION, PROVINCE
from cchc_connect.cli.quality import quality_document, show_checks, show_findings
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.quality.connected import connected_now
from cchc_connect.quality.scores import quality
from cchc_connect.sync.record_writer import RecordWriter
from cchc_schemas import RegisteredDatabase

LISTED: tuple[Mapping[str, Any], ...] = (
    {
        "code": "CSDL-01",
        "name": "Cơ sở dữ liệu đất đai",
        "owner_code": LAND_DEPARTMENT,
        "connections": ["land-registry"],
    },
    {
        "code": "CSDL-02",
        "name": "Cấp phép xây dựng",
        "owner_code": CONSTRUCTION_DEPARTMENT,
        "connections": ["construction"],
    },
    {"code": "CSDL-03", "name": "Hồ sơ thủ tục hành chính", "owner_code": PROVINCE, "connections": ["one-stop"]},
    {"code": "CSDL-04", "name": "Lưu trữ lịch sử", "owner_code": PROVINCE, "connections": []},
    {"code": "CSDL-05", "name": "Hộ tịch", "owner_code": PROVINCE, "due_on": "2099-12-31"},
)
"""An invented list of databases: three are read, one has no connection, one is not due yet."""


def write_list(config: Config, database: SharedDatabase) -> None:
    """Write the invented list of databases into the shared database."""
    with RecordWriter(config, database, LIST_CONNECTION) as writer:
        writer.write_all(RegisteredDatabase.model_validate(entry) for entry in LISTED)


def show_quality_sections(config: Config, database: SharedDatabase, console: Console) -> Mapping[str, Any]:
    """Show the connection percentage, and the quality of one agency with what costs points; return both, JSON-ready."""
    connected, scored = connected_now(database, config), quality(database, config)
    console.heading("demo.connected")
    show_connected_totals(connected, console)
    console.heading("demo.records_quality")
    for score in scored.agencies:
        if score.agency == LAND_DEPARTMENT:
            show_findings(score, console)
            show_checks(score.rules, console)
    return {"connected": connected_document(connected, console), "quality": quality_document(scored, LAND_DEPARTMENT)}
