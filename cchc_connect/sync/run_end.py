"""The end of a run, short because `corrections.settling` and `runs` have the rules: requests settled, report stored."""

from cchc_connect.corrections.life_cycle import ActedBy
from cchc_connect.corrections.settling import settle_requests, touched_requests
from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.state.runs import finish_run
from cchc_connect.sync.report import RunReport
from cchc_connect.sync.run_context import RunContext


def end_run(run_context: RunContext, report: RunReport) -> None:
    """Close the correction requests that the run settled, on record in the chain of the runs, and store its report.

    Raises:
        LeaseLost: another run took the lease over.
        DatabaseUnusable: the database failed.
    """
    if run_context.read(touched_requests):
        acted_by = ActedBy(at=run_context.clock.now(), run_id=run_context.run_id, chain=RUNS_CHAIN)
        run_context.commit(lambda connection: settle_requests(connection, acted_by))
    run_context.commit(lambda connection: finish_run(connection, report.as_document()))
