"""Makes the adapter of a connection, and checks that it has what the engine reads of it before the first request.

A mistake of an adapter then shows in `check` and at the start of a run, with the place in the adapter's code.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from cchc_connect.adapter import (
    Adapter,
    AdapterFactory,
    Source,
    SourceProfile,
    Target,
    max_lengths_of,
    max_parallel_of,
)
from cchc_connect.config.tables import FOLDER
from cchc_connect.errors import CchcError, ConfigurationError
from cchc_connect.http import Dialect
from cchc_connect.local_sources.contract import LocalAdapter, LocalSystem, uses_http
from cchc_connect.privacy.adapter_failure import ContractBroken, adapter_failure, engine_failure, require_type
from cchc_connect.privacy.error_boundary import ErrorBoundary
from cchc_connect.privacy.redaction import logged_traceback
from cchc_schemas import Record

log = logging.getLogger("cchc_connect.config")


def make_adapter(name: str, factory: AdapterFactory, options: Mapping[str, Any], folder: Path) -> Adapter:
    """Return a new adapter, made from a connection's options; one without HTTP as a `LocalSystem`.

    Args:
        name: name of the installed adapter.
        factory: what it registered.
        options: table `options` of the connection.
        folder: folder from which relative paths in the options start.

    Raises:
        ConfigurationError: the adapter failed, or lacks a part of its contract.
        ValidationError: the adapter's model refuses the options.
    """
    with _boundary(name, factory):
        made = factory(factory.Options.model_validate(options, context={FOLDER: folder}))
    if uses_http(factory):
        adapter, checks = made, _checks(made, made)
    else:
        local = cast("LocalAdapter", made)
        adapter = LocalSystem(local)
        checks = chain(_local_checks(local), _checks(adapter, local))
    for owner, check in checks:
        with _boundary(name, owner):
            check()
    return adapter


def _boundary(name: str, owner: object) -> ErrorBoundary[None]:
    def translate(error: BaseException) -> ConfigurationError | None:
        if isinstance(error, CchcError | ValidationError) or not isinstance(error, Exception):
            return None
        called = cast("Callable[..., object]", owner if isinstance(owner, type) else type(owner))
        failure = adapter_failure(error, called) or engine_failure(error)
        log.error("adapter %s: failed: %s%s", name, failure, logged_traceback(log, error))
        return ConfigurationError(
            "config.adapter_failed", name=name, error=str(failure), location=failure.location, function=failure.function
        )

    return ErrorBoundary(nullcontext(), translate)


def _local_checks(adapter: LocalAdapter) -> Iterator[tuple[object, Callable[[], None]]]:
    """Yield the checks of what only an adapter without HTTP has."""

    def check() -> None:
        for function in ("examine", "close"):
            require_type(f"function in {function}", Callable, getattr(adapter, function))

    yield adapter, check


def _checks(adapter: Adapter, owner: object) -> Iterator[tuple[object, Callable[[], None]]]:
    """Yield the checks of an adapter and its parts, each with the object that it checks; `owner` is what was made."""
    sources, targets = list[Source](), list[Target]()

    def read_parts() -> None:
        require_type("Dialect in dialect", Dialect, adapter.dialect)
        require_type("Sequence in sources", Sequence, adapter.sources)
        require_type("Sequence in targets", Sequence, adapter.targets)
        sources.extend(adapter.sources)
        targets.extend(adapter.targets)

    yield owner, read_parts
    for source in sources:
        yield source, partial(_check_source, source)
    for target in targets:
        yield target, partial(_check_target, target)


def _check_source(source: Source) -> None:
    _require_record_type(source.record_type)
    require_type("SourceProfile in profile", SourceProfile, source.profile)
    require_type("int in mapping_version", int, source.mapping_version)
    for function in ("fetch", "key", "changed_at", "translate"):  # a missing one is named if it stands in this function
        require_type(f"function in {function}", Callable, getattr(source, function))


def _check_target(target: Target) -> None:
    _require_record_type(target.record_type)
    require_type("int in batch_limit", int, target.batch_limit)
    require_type("function in deliver", Callable, target.deliver)
    require_type("int in max_parallel", int, max_parallel_of(target))
    require_type("Mapping in max_lengths", Mapping, max_lengths_of(target))


def _require_record_type(part: object) -> None:
    is_record = issubclass(part, Record) if isinstance(part, type) else False
    if not is_record:
        raise ContractBroken("class of a Record in record_type", part)
