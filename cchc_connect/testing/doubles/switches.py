"""Switches that make a double misbehave in ways that were observed at the real system."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Switches:
    """Misbehaviour of a double; set an attribute of `double.switches` at any time, from any thread.

    A counter is decreased by one with each use; True counts as 1. The first group applies to every double.
    """

    latency_s: float = 0.0
    """Delay of every response in seconds."""
    html_maintenance: bool = False
    """Every response is a maintenance page in HTML with status 200."""
    error_in_200: bool = False
    """Every response is the system's own error envelope with status 200."""
    drop_response: int = 0
    """How many requests are processed without a response: the connection is closed instead."""
    cut_body: int = 0
    """How many responses end in the middle of their body."""

    drop_after_write: int = 0
    """National portal: how many writes take effect without a response."""
    expire_session: int = 0
    """National portal: how many times all sessions end before a request is read."""
    double_encode: bool = False
    """National portal: a response is a JSON text inside the `message` of another, as from a provincial proxy."""
    nfd_message: bool = False
    """National portal: the message is in decomposed Unicode (NFD)."""
    no_total: bool = False
    """OGC features, OpenCPS: a page does not say how many items match, as many servers do not."""
    stale_total: int = 0
    """OpenCPS: how many dossiers are missing from the search index, and so from `total`."""
    ignore_filters: bool = False
    """OGC features, permit files: filters are ignored without an error, and everything is listed."""
