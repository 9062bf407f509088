"""What a run does at its end about corrections that arrived; short because `corrections.settling` has the rules."""

from cchc_connect.corrections.life_cycle import ActedBy
from cchc_connect.corrections.requests import has_open_requests
from cchc_connect.corrections.settling import settle_requests
from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.sync.run_context import RunContext


def settle_after_run(run_context: RunContext) -> int:
    """Note which corrections arrived, close what they settle, and return how many requests were closed.

    Raises:
        LeaseLost: another run took the lease over.
        DatabaseUnusable: the database failed.
    """
    if not run_context.read(has_open_requests):
        return 0
    acted_by = ActedBy(at=run_context.clock.now(), run_id=run_context.run_id, chain=RUNS_CHAIN)
    return run_context.commit(lambda connection: settle_requests(connection, acted_by))
