"""The simulated transport: requests reach registers and desks directly, and events happen during each request."""

import json
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from cchc_connect import Conversation, HttpRequest, HttpResponse, Verdict
from cchc_connect.transport import Traffic
from tests.simulation.fault_plan import Fault, error_of

if TYPE_CHECKING:
    from tests.simulation.receiver import Message
    from tests.simulation.world import Simulation

Result = TypeVar("Result")


class SimulatedTransport:
    """Passes requests to the world's registers and desks, which their paths name."""

    def __init__(self, world: "Simulation") -> None:
        self._world = world
        self._requests = 0

    @property
    def traffic(self) -> Traffic:
        """The number of requests so far."""
        return Traffic(requests=self._requests)

    def run(self, conversation: Conversation[Result], /) -> Result:
        """Run an adapter's conversation to its end and return its result."""
        try:
            request = next(conversation)
            while True:
                request = conversation.send(self.send(request))
        except StopIteration as stop:
            result: Result = stop.value
            return result
        finally:
            conversation.close()

    def send(self, request: HttpRequest, /) -> HttpResponse:
        """Return the response or raise the planned fault; the process may be killed before and after."""
        self._requests += 1
        self._world.mortality.step()
        number = self._world.count(request.path)
        self._world.happen_during(request.path, number)
        self._world.trial.during_request(request.method, request.path, request.params)
        document = self._at_register(request, number) if request.method == "GET" else self._at_desk(request, number)
        self._world.mortality.step()
        return HttpResponse(status=200, headers={}, body=json.dumps(document).encode(), verdict=Verdict.OK)

    def _at_register(self, request: HttpRequest, number: int) -> object:
        register = self._world.registers[request.path]
        fault = self._world.weather.at_source(register.traits, number)
        self._fail(fault, request)
        position = request.params["position"]
        if self._world.trial.cached and not position:
            position = register.second_position(request.params["since"])
        return register.page(request.params["since"], position, fault)

    def _at_desk(self, request: HttpRequest, number: int) -> object:
        desk = self._world.desks[request.path]
        fault = self._world.weather.at_desk(request.path, number)
        if fault is not Fault.RESPONSE_LOST:
            self._fail(fault, request)
        dice = self._world.weather.chance(f"choice of {request.path}", number)
        receipts = desk.receive(cast("list[Message]", request.json), fault, dice)
        self._fail(fault, request)
        return receipts

    def _fail(self, fault: Fault | None, request: HttpRequest) -> None:
        if fault is not None:
            self._world.log(f"{request.path}: {fault}")
        error = error_of(fault, request.path)
        if error is not None:
            raise error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: nothing is open."""
