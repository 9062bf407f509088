"""What happens to a simulated world in the trial of its adversity, and what would be wrong after it at once.

What is wrong later is found by the checkers, when the world has come to rest.
"""

import copy
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cchc_connect import LeaseHeld
from tests.simulation.adversities import Adversity
from tests.simulation.register import NEW_NAME, Register

if TYPE_CHECKING:
    from tests.simulation.world import Simulation

AHEAD = timedelta(hours=2)
"""By how much the clock of another scheduler is ahead: more than a lease lasts."""
FORMER_SUFFIX = "-former"
"""End of the name of the system to which a route led before."""


RENAMED_FIELDS = {"land_parcel": "area_m2", "dossier": "status", "dossier_step": "status"}
"""The field whose property is renamed: every entry has a value."""
DATED_ANEW = 0.5
"""Share of the renamings that date every entry anew."""
REQUIRED_FIELD = "status"
"""Without it a record is faulty, so that nobody accepts its loss."""


@dataclass
class Renaming:
    """A property that a register sends under another name."""

    connection: str
    record_type: str
    field: str
    accepted_after: int = 0
    """Sequence of the last change before a person accepted the loss of its values; 0: nobody did."""
    is_open: bool = True
    """Whether nobody accepts it."""


class Trial:
    """The trial of one world; `during_request` is called for each request while it is under way."""

    def __init__(self, world: "Simulation") -> None:
        self._world = world
        self._during: Callable[[str, str, Mapping[str, str]], None] | None = None
        self.sent_after_loss = 0
        """Messages that a run sent after another took its lease."""
        self.cached = False
        """Whether a cache answers the question for a first page."""
        self.renaming: Renaming | None = None

    def undergo(self) -> None:
        """Let the world's adversity happen."""
        trial = _TRIALS.get(self._world.adversity) if self._world.adversity is not None else None
        if trial is not None:
            self._world.log(f"trial: {self._world.adversity}")
            trial(self)

    def during_request(self, method: str, path: str, parameters: Mapping[str, str]) -> None:
        """Let something happen while a request is under way, once."""
        if self._during is not None:
            self._during(method, path, parameters)

    def edits_and_runs(self) -> None:
        """Edit and run, again and again: wrong times only do harm later."""
        for _ in range(3):
            self._world.edit(5)
            self._world.calm_run(timedelta(hours=1))

    def restore_a_source(self) -> None:
        """Make a backup of a register, change entries, run; then restore it and enter a new entry."""
        world = self._world
        for name, register in world.registers.items():
            changed = [entry for entry in register.entries.values() if entry["state"] == "good"][:3]
            if not register.traits.changed_since or len(changed) < 2:  # one to be newest, one to be older
                continue
            backup = copy.deepcopy((register.entries, register.gone))
            for entry in changed:
                world.clerks[name].change(entry, world.time)
                world.pass_time(timedelta(hours=3))
            world.calm_run()
            register.entries, register.gone = backup
            world.log(f"{name}: restored")
            world.log(f"{name}: {world.clerks[name].enter(world.time)}")

    def fill_pages(self) -> None:
        """Enter entries until each register has two pages, and run."""
        for name, register in self._world.registers.items():
            while len(register.entries) < register.traits.page_size + 2:
                self._world.clerks[name].enter(self._world.time)
                self._world.pass_time(timedelta(seconds=30))
        self._world.calm_run()
        self._world.calm_run()
        self._world.mark_feed()

    def move_rows(self) -> None:
        """Delete the first entry of a register while its second page is on its way."""
        world, emptied = self._world, {"once"}

        def delete(method: str, path: str, parameters: Mapping[str, str]) -> None:
            register = world.registers[path] if method == "GET" else None
            if register is None or not parameters["position"] or register.traits.paging != "offset" or path in emptied:
                return
            emptied.add(path)
            listed = register.listed()
            if listed:
                register.remove(listed[0]["id"], world.time)
                world.log(f"{path}: delete {listed[0]['id']} between two pages")

        self.fill_pages()
        for _ in range(2):
            emptied.clear()
            self._during = delete
            world.calm_run()
            self._during = None

    def answer_from_a_cache(self) -> None:
        """Answer the question for the first page with the second one; what is missing then must be said."""
        world = self._world
        self.fill_pages()
        world.edit(2)
        self.cached = True
        world.calm_run()
        self.cached = False

    def restore_the_database(self) -> None:
        """Copy the database, edit and send, put the copy in its place, edit anew."""
        world = self._world
        world.calm_run()
        world.close()
        shutil.copyfile(world.database_file, world.database_file.with_suffix(".copy"))
        world.edit(4)
        world.calm_run()
        world.close()
        for suffix in ("-wal", "-shm"):
            world.database_file.with_name(world.database_file.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(world.database_file.with_suffix(".copy"), world.database_file)
        for desk in world.desks.values():
            desk.effects.clear()  # the feed no longer says what led to them
            world.lost_holdings |= desk.holdings
        world.log("the database is a former one")
        world.edit(4)

    def rename_a_connection(self) -> None:
        """Give a connection another name, in the configuration and in the database."""
        world = self._world
        world.calm_run()
        old = world.geography.sources[0][0]
        world.rename(old, f"{old}-renamed")
        world.edit(3)

    def change_the_routes(self) -> None:
        """Let the routes be what they shall be; until now they sent less, or to another system."""
        world = self._world
        world.calm_run()
        world.complete_routes()

    def freeze_a_sender(self) -> None:
        """Freeze a run while it sends its first message; another one sends newer versions; the first goes on."""
        world, frozen = self._world, [False]

        def freeze(method: str, path: str, parameters: Mapping[str, str]) -> None:
            del path, parameters
            if method != "POST":
                return
            if frozen[0]:
                self.sent_after_loss += 1
                return
            self._during = None
            world.edit(4)
            world.start_frozen_over()
            frozen[0] = True
            self._during = freeze

        world.calm_run()
        world.edit(8)
        self._during = freeze
        world.calm_run()
        self._during = None
        if self.sent_after_loss:
            world.violations.append(f"late: a frozen run sent {self.sent_after_loss} messages after it lost its lease")

    def skew_schedulers(self) -> None:
        """Start another scheduler, whose clock is ahead, during the first request of a run."""
        world = self._world

        def start(method: str, path: str, parameters: Mapping[str, str]) -> None:
            del method, path, parameters
            self._during = None
            try:
                world.start_skewed(AHEAD)
            except LeaseHeld:
                return
            world.violations.append("lease: a scheduler whose clock is ahead took a live lease")

        self._during = start
        world.calm_run()
        self._during = None

    def rename_a_property(self) -> None:
        """Send a property under another name, and run; then it is undone, accepted, or read by its new name."""
        world = self._world
        self.fill_pages()
        connection, traits = world.dice.choice(world.geography.sources)
        register, field = world.registers[traits.name], RENAMED_FIELDS[traits.record_type]
        self.renaming = renaming = Renaming(connection, traits.record_type, field)
        register.renamed = field
        world.log(f"{traits.name}: {field} is renamed")
        if world.dice.random() < DATED_ANEW:
            register.date_anew(world.time)
        quarantined = world.quarantined(connection, traits.record_type)
        for _ in range(2):
            world.edit(world.dice.randint(0, 3))
            entries = list(register.entries.values())
            world.log(world.clerks[traits.name].change(entries[0], world.time) if entries else "no entry is left")
            world.calm_run()
            self._require_held(renaming, register, quarantined)
        self._end_renaming(renaming, register)
        world.calm_run()
        renaming.is_open = False

    def _require_held(self, renaming: Renaming, register: Register, quarantined: set[str]) -> None:
        """Require that the source is on hold, and that no further entry is in quarantine for the new name."""
        world = self._world
        held = world.holds().get((renaming.connection, renaming.record_type))
        if held != "source.drift":
            world.violations.append(f"unnoticed: {register.traits.name} {renaming.field} is renamed; hold: {held}")
        for key in world.quarantined(renaming.connection, renaming.record_type) - quarantined:
            if key in register.entries and register.entries[key]["state"] == "good":
                world.violations.append(f"faulty: {register.traits.name} {key} by the new name of {renaming.field}")

    def _end_renaming(self, renaming: Renaming, register: Register) -> None:
        """Let the register go back, a person accept it, or the field map be corrected."""
        world, field = self._world, renaming.field
        endings = ["undone", "undone and accepted", "corrected"]
        ending = world.dice.choice(
            endings if field == REQUIRED_FIELD else [*endings, "accepted", "accepted", "accepted"]
        )
        world.log(f"the renaming is {ending}")
        if ending.startswith("undone"):
            register.renamed = ""
            renaming.is_open = ending == "undone"
        if ending == "corrected":
            world.correct(register.traits.name, {field: f"{field}{NEW_NAME}"})
        if ending == "accepted":
            register.stop_reading(field, world.time)
            renaming.is_open = False
            renaming.accepted_after = world.accept_drift()


_TRIALS: Mapping[Adversity, Callable[[Trial], None]] = MappingProxyType(
    {
        Adversity.FUTURE_STAMPS: Trial.edits_and_runs,
        Adversity.ZONE_CONFUSION: Trial.edits_and_runs,
        Adversity.RESTORED_SOURCE: Trial.restore_a_source,
        Adversity.MOVED_ROWS: Trial.move_rows,
        Adversity.CACHED_PAGE: Trial.answer_from_a_cache,
        Adversity.RESTORED_DATABASE: Trial.restore_the_database,
        Adversity.RENAMED_CONNECTION: Trial.rename_a_connection,
        Adversity.WIDENED_ROUTE: Trial.change_the_routes,
        Adversity.OTHER_RECEIVER: Trial.change_the_routes,
        Adversity.FROZEN_SENDER: Trial.freeze_a_sender,
        Adversity.SKEWED_SCHEDULERS: Trial.skew_schedulers,
        Adversity.UNDECLARED_OWNERS: Trial.edits_and_runs,
        Adversity.WITHDRAWALS: Trial.edits_and_runs,
        Adversity.RENAMED_PROPERTY: Trial.rename_a_property,
    }
)


def with_less_to_send(tables: Mapping[str, Any], adversity: Adversity | None) -> Mapping[str, Any]:
    """Return the configuration's tables as they are until the routes change in the trial."""
    if adversity is Adversity.WIDENED_ROUTE:
        routes = {name: {**route, "from": route["from"][:1]} for name, route in tables["routes"].items()}
        return {**tables, "routes": routes}
    if adversity is Adversity.OTHER_RECEIVER:
        routes = {name: {**route, "to": route["to"] + FORMER_SUFFIX} for name, route in tables["routes"].items()}
        return {**tables, "routes": routes}
    return tables
