"""Metrics: text that a strict reader of the exposition format 0.0.4 takes, with the figures of the other commands."""

import re
from collections.abc import Iterator

import pytest

from cchc_connect.quality.metrics import Metric, Sample, metrics_text
from cchc_connect.testing import Agencies
from tests.cli.conftest import Call, agencies, call, somewhere_in_english

__all__ = ["agencies", "call", "somewhere_in_english"]

NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*"
PAIR = re.compile(rf'({LABEL})="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|NaN|[+-]Inf)")


def parsed(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield the samples of a text, and fail at whatever the format does not allow.

    Format: https://prometheus.io/docs/instrumenting/exposition_formats/, "Text format details".
    """
    assert text.endswith("\n")
    current, kinds, seen = "", dict[str, str](), set[tuple[str, str]]()
    for line in text[:-1].split("\n"):
        if comment := re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line):
            kind, current, words = comment.groups()
            if kind == "HELP":
                assert current not in kinds, "the lines of one metric stand together"
                assert re.fullmatch(r"(?:[^\\]|\\\\|\\n)*", words)
                kinds[current] = "untyped"
            else:
                assert words in {"counter", "gauge", "histogram", "summary", "untyped"}
                kinds[current] = words
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        name, labels, value = sample.groups()
        assert (name, kinds[name]) == (current, "gauge")
        assert (name, labels) not in seen, "no sample twice"
        seen.add((name, labels))
        pairs = PAIR.findall(labels or "")
        assert ",".join(f'{label}="{words}"' for label, words in pairs) == (labels or "")
        yield name, {label: unescaped(words) for label, words in pairs}, float(value)


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text)


@pytest.mark.parametrize("hostile", ['a"b', "a\\b", "a\nb", '\\"', "\\n", "Thửa đất }", 'a,b="c"'])
def test_every_label_comes_back_as_it_was(hostile: str) -> None:
    metric = Metric(name="cchc_x", help="a\\b\nc", samples=(Sample(labels={"partition": hostile}, value=1.5),))

    assert list(parsed(metrics_text([metric]))) == [("cchc_x", {"partition": hostile}, 1.5)]


def test_a_metric_without_samples_has_no_lines() -> None:
    assert metrics_text([Metric(name="cchc_x", help="x", samples=())]) == ""


def test_the_command_writes_what_the_other_commands_say(call: Call, agencies: Agencies) -> None:
    assert agencies.record_counts()
    call("sync")

    text, shown = call("metrics").out, call("--json", "status").document

    samples = list(parsed(text))
    quarantined = {
        (labels["connection"], labels["record_type"]): value
        for name, labels, value in samples
        if name == "cchc_quarantined"
    }
    expected = {(each["connection"], each["record_type"]): each["quarantined"] for each in shown["streams"]}
    assert quarantined == expected
    by_name = {name for name, _, _ in samples}
    assert {"cchc_runs", "cchc_held", "cchc_freshness_age_seconds", "cchc_deliveries_waiting"} <= by_name
    assert {"cchc_discrepancies", "cchc_quality_points", "cchc_last_success_timestamp_seconds"} <= by_name
    assert ("cchc_runs", {"outcome": "done"}, 1.0) in samples


def test_metrics_hold_nothing_of_a_record(call: Call, agencies: Agencies) -> None:
    call("sync")

    text = call("metrics").out

    codes = [dossier.code for dossier in agencies.world.dossiers]
    assert codes
    assert not [code for code in codes if code in text]
    assert not re.search(r"\b[0-9]{12}\b", text)
