"""Options of a connection to a folder, and the table of each of its sources."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from cchc_adapters.building_blocks.options import AdapterOptions
from cchc_adapters.declared.checks import Sources
from cchc_adapters.declared.reads import reads
from cchc_adapters.declared.tables import Duration, Names, SourceTable
from cchc_adapters.folder.built_in_maps import MapName, with_built_in_maps
from cchc_adapters.folder.name_dates import is_date_form
from cchc_connect.config.secrets import Secret
from cchc_connect.config.tables import FOLDER
from cchc_connect.foreign_tables import TableForm, TextEncoding
from cchc_connect.foreign_tables.forms import Separator


def _from_folder(path: Path | None, validation: ValidationInfo) -> Path | None:
    """Return a path from the folder of cchc.toml on."""
    context: dict[str, Path] = validation.context or {}
    return None if path is None else context.get(FOLDER, Path()) / path


SAMPLE_SOURCES = {
    "land_parcel": {
        "files": "thua_dat_*",
        "key": ["Tờ bản đồ", "Số thửa"],
        "deletes": "absence",
        "fields": {
            "scheme": {"constant": "gso-2025-07"},
            "commune_code": {"constant": "25747"},
            "map_sheet": "Tờ bản đồ",
            "parcel_number": "Số thửa",
            "area_m2": {"property": "Diện tích (m2)", "codec": "area"},
        },
    }
}


def _date_form(form: str) -> str:
    """Check a form of dates.

    Raises:
        PydanticCustomError: it has no year, a part twice, or letters and digits that are no part.
    """
    if form and not is_date_form(form):
        raise PydanticCustomError("folder_name_date", "no form of dates")
    return form


class FolderSourceTable(SourceTable):
    """The files of one record type; headings, or members of JSON objects, are the properties of the items."""

    files: Names
    """Names of the files, with "*" for any letters: "thua_dat_*.csv", or several. Case does not count."""
    members: str = "*"
    """Names of the files inside an archive (ZIP, tar) whose own name fits `files`; together they are one delivery."""
    delivery: Literal["snapshot", "increment"] = "snapshot"
    """Whether a delivery lists everything (`snapshot`), of which the latest counts, or what changed (`increment`)."""
    name_date: Annotated[str, AfterValidator(_date_form)] = ""
    """Form of the date in names, "yyyyMMdd" or "dd-MM-yyyy"; it orders the deliveries. "": it is recognised."""
    dated_by: str = ""
    """Column whose latest date orders the deliveries, instead of a date in their names."""
    encoding: TextEncoding | None = None
    """Encoding of text files that are not UTF-8: `windows-1258`, `tcvn3`, `vni`, `utf-16`, `utf-16-be`."""
    separator: Separator | None = None
    """Sign between the columns of CSV; none: it is recognised."""
    columns: tuple[str, ...] = ()
    """Names of the columns by position, for tables without headings."""
    map: MapName | None = None
    """Built-in map: "pl3", "agencies", "registered_databases", "satisfaction_ratings". Its headings may all be missing
    but for the key; own rules replace its rules."""
    rows: str = ""
    """Successive rows with one key become one item: the cells of the first, and the list of all under this name."""
    optional: tuple[str, ...] = ()
    """Headings that a file may lack; without every other heading that is read it is refused."""
    sheets: tuple[str, ...] = ()
    """Sheets of workbooks that are read; none: every visible one with the headings."""
    fill_down: tuple[str, ...] = ()
    """Columns in which an empty cell means the one above it: vertically merged cells."""
    list: str = ""
    """JSON: name of the list of items, or the way to it; none: the document is the list, or has only one."""
    page_size: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Records that are committed together."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.delivery == "increment" and self.deletes == "absence":
            raise PydanticCustomError("folder_absence", "what an increment lacks is not deleted")
        return self

    @property
    def form(self) -> TableForm:
        """Return what is declared of the tables in the files."""
        names = list(dict.fromkeys(tuple(map(_heading, names)) for names in reads(self, self.rows)))
        keys = [_heading(key) for key in self.key]
        may_lack = {name for group in names for name in group if name not in keys} if self.map else set(self.optional)
        return TableForm(
            names=[alternatives for alternatives in names if not set(alternatives) <= may_lack],
            optional_names=[name for alternatives in names for name in alternatives if name in may_lack],
            key_names=keys,
            encoding=self.encoding,
            separator=self.separator,
            decimal_sign=self.decimal_sign,
            columns=self.columns,
            sheets=self.sheets,
            fill_down=self.fill_down,
            list_name=self.list,
        )


def _heading(path: str) -> str:
    """Return the heading that a path names: the whole path, with its dots."""
    return path.replace("\\.", ".")


class SftpTable(AdapterOptions):
    """The server of a folder that is read by SFTP."""

    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 22
    username: str
    host_key: Annotated[str, Field(pattern=r"^(?:ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+")]
    """Public key of the server as `ssh-keyscan` prints it, "ssh-ed25519 ...". No other is trusted."""
    password: Secret | None = None
    """Reference to the password of the account."""
    private_key: Secret | None = None
    """Reference to our private key in the form of OpenSSH, instead of a password."""
    timeout: Duration = timedelta(seconds=30)
    """How long the server may be silent."""

    @model_validator(mode="after")
    def _has_one_login(self) -> Self:
        if (self.password is None) == (self.private_key is None):
            raise PydanticCustomError("sftp_login", "a password or a private key")
        return self


class FolderOptions(AdapterOptions):
    """Options of a connection to a folder."""

    path: Annotated[Path | None, AfterValidator(_from_folder), Field(examples=["/srv/received/land"])] = None
    """Folder on this machine."""
    sftp: SftpTable | None = None
    """SFTP server on which the folder is, instead of this machine."""
    remote_path: str = "."
    """Folder on the SFTP server."""
    settle_s: Annotated[float, Field(ge=0, le=600)] = 2.0
    """Seconds that a file must stay unchanged to count as complete."""
    aside: Annotated[str, Field(pattern=r"^[^/\\.][^/\\]*$")] = "khong-doc-duoc"
    """Folder below it into which files that cannot be read are moved, each with a report beside it."""
    names_encoding: Literal["cp1258", "cp437", "utf-8"] | None = None
    """Encoding of names in ZIP archives that neither say theirs nor are UTF-8; none: such archives are refused."""
    sources: Annotated[
        Sources[FolderSourceTable], BeforeValidator(with_built_in_maps), Field(min_length=1, examples=[SAMPLE_SOURCES])
    ]
    """What is read, by record type; docs/folder.md shows all keys."""

    @model_validator(mode="after")
    def _has_one_folder(self) -> Self:
        if (self.path is None) == (self.sftp is None):
            raise PydanticCustomError("folder_place", "a path or an SFTP server")
        return self
