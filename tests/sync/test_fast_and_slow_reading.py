"""An item is read alike by the compiled model and in two steps: record, notes, what was left out, and faults."""

from typing import Any

from hypothesis import given, strategies as st

from cchc_connect.config.quality import QualityTable, Severity
from cchc_connect.sync.translation import COMPILE_THRESHOLD, LocalTranslator, TranslatedItem
from tests.wire.test_compiled_models import FEATURE, PARCELS, changed

QUALITIES = (
    QualityTable(),
    QualityTable(strict=True),
    QualityTable(rules=dict.fromkeys(("number_unreadable", "uses_area_differs", "text_expected"), Severity.REJECT)),
)


def warmed(quality: QualityTable) -> LocalTranslator:
    """Return a translator whose next item is read by the compiled model."""
    translator = LocalTranslator(PARCELS, quality)
    translator.translate_all([FEATURE] * (COMPILE_THRESHOLD + 1))
    return translator


FAST = [(quality, warmed(quality)) for quality in QUALITIES]


def essence(translated: TranslatedItem) -> tuple[object, ...]:
    """Return everything of a result, and the details of its faults, which do not count when faults are compared."""
    return translated, [fault.detail for fault in translated.faults]


@given(changed(FEATURE), st.sampled_from(FAST))
def test_an_item_is_read_alike_compiled_and_in_two_steps(
    feature: dict[str, Any], fast: tuple[QualityTable, LocalTranslator]
) -> None:
    quality, compiled = fast

    (quickly,), (slowly,) = (
        compiled.translate_all([feature]),
        LocalTranslator(PARCELS, quality).translate_all([feature]),
    )

    assert essence(quickly) == essence(slowly)
    assert (quickly.record is None) == bool(quickly.faults)
    assert not (quickly.left_out and quality.strict)
