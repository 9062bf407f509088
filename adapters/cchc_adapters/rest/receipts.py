"""What the answer of a declared service to a message means for the record in it."""

from cchc_adapters.declared.answers import ReadDocument, SuccessRule
from cchc_adapters.rest.classifier import PRECONDITION_FAILED
from cchc_adapters.rest.target_tables import ReceiptTable
from cchc_connect import DeliveryStatus, HttpResponse, Receipt, Verdict
from cchc_connect.wire.codecs import plain_text
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.property_names import property_path


def receipt_of(
    response: HttpResponse,
    rules: ReceiptTable,
    success: SuccessRule | None,
    read: ReadDocument | None = None,
    *,
    replaces_version: bool = False,
    withdraws: bool = False,
) -> Receipt:
    """Return the receipt that a response is, by its rules, then by its verdict.

    Args:
        response: the response.
        rules: what answers mean.
        success: what makes a response with the verdict OK a success; None: the verdict alone.
        read: reads the body; None: as JSON.
        replaces_version: whether the message replaces one version only; then a conflict is not that it was there.
        withdraws: whether the message withdraws the record; then one that is not there is withdrawn already.

    Raises:
        SourceHeld: it is no success.
    """
    if withdraws and response.verdict is Verdict.NOT_FOUND:
        return Receipt(status=DeliveryStatus.DUPLICATE)
    declared = _declared(response, rules, read)
    if declared is not None:
        return declared
    if response.status == PRECONDITION_FAILED or (replaces_version and response.verdict is Verdict.DUPLICATE):
        return Receipt(status=DeliveryStatus.RETRY, reason="version_changed")
    match response.verdict:
        case Verdict.OK:
            if success is not None:
                success.require(response, read)
            return Receipt(status=DeliveryStatus.DELIVERED)
        case Verdict.DUPLICATE:
            return Receipt(status=DeliveryStatus.DUPLICATE)
        case verdict:
            reason = "not_found" if verdict is Verdict.NOT_FOUND else _reason(response, rules, read)
            return Receipt(status=DeliveryStatus.REFUSED, reason=reason)


def _declared(response: HttpResponse, rules: ReceiptTable, read: ReadDocument | None) -> Receipt | None:
    """Return the receipt of the first rule that fits; None if none does."""
    statuses = (
        (rules.duplicate, DeliveryStatus.DUPLICATE),
        (rules.refused, DeliveryStatus.REFUSED),
        (rules.retry, DeliveryStatus.RETRY),
    )
    for rule, status in statuses:
        if rule is not None and rule.fits(response, read):
            reason = "" if status is DeliveryStatus.DUPLICATE else _reason(response, rules, read)
            return Receipt(status=status, reason=reason)
    return None


def _reason(response: HttpResponse, rules: ReceiptTable, read: ReadDocument | None) -> str:
    """Return the code of the reason that the answer has, else its status."""
    code = ""
    if rules.reason and read is not None:
        code = plain_text(value_at(read(response), property_path(rules.reason)))
    elif rules.reason and response.is_json:
        code = plain_text(value_at(response.json(), property_path(rules.reason)))
    return code or f"status:{response.status}"
