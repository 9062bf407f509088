"""Switches that make a double misbehave as its original was seen to."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Switches:
    """What goes wrong; set an attribute of `double.switches` at any time, from any thread.

    A count is used up by one each time; True counts as 1. Every double heeds those in the first group.
    """

    latency_s: float = 0.0
    """Seconds every answer waits."""
    html_maintenance: bool = False
    """Every answer is a maintenance page in HTML with status 200."""
    error_in_200: bool = False
    """Every answer is the system's own error envelope with status 200."""
    drop_reply: int = 0
    """How many requests are worked on but never answered: the connection closes."""
    cut_body: int = 0
    """How many answers end in the middle of their body."""

    drop_after_write: int = 0
    """National portal: how many writes take effect and lose their reply."""
    expire_session: int = 0
    """National portal: how many times the open sessions are forgotten before a request is read."""
    double_encode: bool = False
    """National portal: answers come as a JSON text inside the `message` of another, as from a provincial proxy."""
    nfd_message: bool = False
    """National portal: the message is in decomposed Unicode (NFD)."""
    stale_total: int = 0
    """OpenCPS: how many dossiers its search index, and so `total`, has missed."""
    ignore_filters: bool = False
    """OGC features, permit files: filters are ignored without a word, everything is listed."""
