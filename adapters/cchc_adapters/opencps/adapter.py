"""OpenCPS 2, the one-stop system (hệ thống một cửa) of several provinces: dossiers and their last steps.

Agency: the province's one-stop desks. Documentation: none is public; observed in the dossier REST service of
VietOpenCPS/opencps-v2 (2020). Account: HTTP Basic, `kind = "basic"`.

Caveats:
    - A client that is not logged in gets HTTP 203 with JSON, which most clients do not treat as an error.
    - 403 "No Content." stands for any exception, a wrong site id or a restarting search engine: it is treated
      as maintenance and retried.
    - A missing `end`, or 0, means "all rows"; the adapter always sends a number above 0.
    - `total` comes from a search index and may be stale, so a full page is always followed by another request.
    - A dossier that was sent online has no number until its processing begins; until then it is left out and counted.
    - `viaPostal` is 0 where delivery by post is not offered, 1 where it is offered and 2 where it was chosen.
    - There is no filter by time of change: every run lists everything, oldest first. If a dossier is deleted
      meanwhile, another one may be missed until the next run.
    - While a request to correct or cancel a dossier is pending, the dossier keeps its last national status.
    - Only the last action of a dossier is listed: actions between two pulls are missed, and a step's status is
      that of its dossier when it was read.
    - Supplement rounds, fees and papers are not listed: of a pause only its end is seen, by the due date that moves.
    - `systemId` 5 is a dossier from the national portal; for the others the portal of submission is unknown.
    - Applicants' names are in upper case and stay so; telephone and e-mail are those of a contact person.
    - `""` is null, a list of one may be a lone object; agencies, procedures and dossiers may have local codes.
"""

from cchc_adapters.opencps.options import OpenCpsOptions
from cchc_adapters.opencps.sources import Dossiers, Steps
from cchc_connect import Dialect, HttpResponse, Verdict, classify_rest
from cchc_connect.wire import codecs

NOT_LOGGED_IN = (203, 401)
SERVER_FAILURES = (403, 500)


def classify(response: HttpResponse) -> Verdict:
    """Return the verdict on a response of OpenCPS: a listing, or a message with an error code."""
    verdict = classify_rest(response)
    if verdict not in {Verdict.OK, Verdict.AUTH} or not response.is_json:
        return verdict
    document = response.listing("data").document  # one dossier that is no strict JSON says nothing of the others
    code = codecs.whole_number(document.get("code"))
    if code in SERVER_FAILURES:
        return Verdict.MAINTENANCE
    if verdict is Verdict.AUTH or code in NOT_LOGGED_IN:
        return Verdict.AUTH
    return Verdict.OK if "data" in document else Verdict.UNKNOWN


class OpenCps:
    """The configured adapter: pulls dossiers and steps, pushes nothing."""

    Options = OpenCpsOptions
    purpose_vi = "Hệ thống một cửa điện tử OpenCPS 2: hồ sơ và bước xử lý gần nhất của từng hồ sơ"
    targets = ()

    def __init__(self, options: OpenCpsOptions) -> None:
        self.dialect = Dialect(classify=classify, headers={"Accept": "application/json", "groupId": options.group_id})
        self.sources = (Dossiers(options), Steps(options))
