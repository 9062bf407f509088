"""What all tests share: property tests prove rules and never measure speed.

Each run tries the same examples, so that what lands was not lucky; new ones are tried with
`pytest --hypothesis-profile=explore`.
"""

from hypothesis import HealthCheck, settings

from tests.databases import address, empty_address, stop_servers

__all__ = ["address", "empty_address"]

settings.register_profile("rules", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("rules"), derandomize=False, max_examples=1000)
settings.load_profile("rules")


def pytest_sessionfinish() -> None:
    """Stop the database server, if a test started one."""
    stop_servers()
