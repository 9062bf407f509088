"""For whom the command line acts."""

import os

import pytest

from cchc_connect.errors import ConfigurationError
from cchc_connect.sharing.operator import operating_user


def test_a_user_without_a_name_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a bare number."""
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_011)

    with pytest.raises(ConfigurationError) as refused:
        operating_user()

    assert (refused.value.code, refused.value.context["user"]) == ("access.no_user", 2_000_000_011)
