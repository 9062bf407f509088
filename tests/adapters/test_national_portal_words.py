"""What the words of the national portal mean: read first, in any spelling, wherever an envelope has them."""

import html
import json
import unicodedata
from collections.abc import Callable
from typing import Any, Literal

import pytest
from hypothesis import given, strategies as st

from cchc_adapters.building_blocks.options import package_table
from cchc_adapters.building_blocks.phrases import Phrase, in_words
from cchc_connect import DeliveryStatus, SourceHeld, Verdict
from tests.adapters.test_national_portal import DOSSIER, STEP, body, delivered, outgoing, portal, verdict_of
from tests.adapters.wire import json_response

pytestmark = pytest.mark.repeats

WORDS = package_table("national_portal_words")
EXISTS = ["Hồ sơ đã tồn tại", "Lỗi: hồ sơ 000.00.05.H09-210927-0001 đã tồn tại trên hệ thống", "Mã hồ sơ bị trùng"]
FAILED = [
    "Có lỗi khi ghi hồ sơ",
    "Ghi hồ sơ thất bại",
    "Đồng bộ hồ sơ không thành công",
    "Hồ sơ chưa được đồng bộ thành công",
    "Dữ liệu không hợp lệ",
    "Không thể ghi hồ sơ",
    "Thành công 0 hồ sơ",
    "2 hồ sơ thành công, 1 hồ sơ lỗi",
    "Internal server error",
    "Hồ sơ bị từ chối",
]
DONE = ["Đồng bộ hồ sơ thành công", "Thành công, không có lỗi", "THÀNH CÔNG!", "Success"]
NOTHING = ["", "OK", "Xin chào", "Không có dữ liệu", "Trả lời của hệ thống", "Trung tâm tệp chứa hồ sơ"]
ZEROES = st.sampled_from([0, "0", "00", " 0 ", "000", "+0"])
CONTENTS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"result": []}, {"result": [{"MaHoSo": "1"}]}, {"result": None}, {"data": []}, {"result": ""}]
)
WORD_MEMBERS = st.sampled_from(["message", "Message", "MESSAGE", "error_message", "errorMessage", "errors", "thongBao"])

CASES: list[Callable[[str], str]] = [str, str.upper, str.lower, str.title, str.swapcase]
FORMS: list[Literal["NFC", "NFD", "NFKC", "NFKD"]] = ["NFC", "NFD", "NFKC", "NFKD"]


@st.composite
def respelled(draw: st.DrawFn, texts: list[str]) -> str:
    """One of the texts, spelled as some portal spells it."""
    text = draw(st.sampled_from(texts))
    if draw(st.booleans()):  # accents lost, some or all, but for the words of one syllable alone
        lost = draw(st.sampled_from(["all", "tones"]))
        text = "".join(bare(letter, lost=lost) for letter in text)
    change: Callable[[str], str] = draw(st.sampled_from(CASES))
    form = draw(st.sampled_from(FORMS))
    between = draw(st.sampled_from([" ", "  ", "\t", "\n", "\u00a0", "_", "-", " . "]))
    text = unicodedata.normalize(form, change(text)).replace(" ", between)
    text = text.replace("Đ", draw(st.sampled_from(["Đ", "Ð"])))
    return html.escape(text).encode("ascii", "xmlcharrefreplace").decode() if draw(st.booleans()) else text


def bare(letter: str, *, lost: str) -> str:
    """Return a letter without its marks, or without its tone."""
    dropped = (
        "\u0300\u0301\u0303\u0309\u0323" if lost == "tones" else "\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b"
    )
    plain = "".join(sign for sign in unicodedata.normalize("NFD", letter) if sign not in dropped)
    return unicodedata.normalize("NFC", plain).translate(str.maketrans("đĐ", "dD") if lost == "all" else {})


@st.composite
def envelopes(draw: st.DrawFn, texts: list[str]) -> dict[str, Any]:
    """An envelope with code 0 that has a text somewhere, and any content."""
    text, content = draw(respelled(texts)), dict(draw(CONTENTS))
    position = draw(st.sampled_from(["member", "list", "object", "entry", "result"]))
    name = draw(WORD_MEMBERS)
    match position:
        case "member":
            content[name] = text
        case "list":
            content[name] = [text]
        case "object":
            content[name] = {"vi": text}
        case "entry":
            content["result"] = [{"MaHoSo": "1", "message": text}]
        case _:
            content["result"] = draw(st.sampled_from([text, [text]]))
    return {draw(st.sampled_from(["error_code", "errorCode", "ErrorCode", "ERROR_CODE"])): draw(ZEROES), **content}


@given(envelopes(EXISTS))
def test_what_exists_already_is_a_duplicate_whatever_the_code_and_the_content(envelope: dict[str, Any]) -> None:
    assert verdict_of(envelope) is Verdict.DUPLICATE


@given(envelopes(FAILED))
def test_words_of_failure_are_never_a_success_whatever_the_code_and_the_content(envelope: dict[str, Any]) -> None:
    assert verdict_of(envelope) is Verdict.UNKNOWN


@given(envelopes(DONE))
def test_words_of_success_with_code_zero_are_a_success(envelope: dict[str, Any]) -> None:
    assert verdict_of(envelope) is Verdict.OK


@given(envelopes(DONE), st.sampled_from([1, "3", "-3", -1, "99"]))
def test_words_of_success_with_another_code_contradict_themselves(envelope: dict[str, Any], code: object) -> None:
    for name in [name for name in envelope if name.lower().startswith("error") and "code" in name.lower()]:
        envelope[name] = code

    assert verdict_of(envelope) is Verdict.UNKNOWN


@given(st.sampled_from(NOTHING), CONTENTS)
def test_words_that_say_nothing_leave_it_to_the_content(message: str, content: dict[str, Any]) -> None:
    is_content = content.get("result", content.get("data")) not in (None, "")

    assert verdict_of({"error_code": 0, "message": message, **content}) is (
        Verdict.OK if is_content else Verdict.UNKNOWN
    )


@pytest.mark.parametrize(
    "envelope",
    [
        {"error_code": 0, "message": "Thành công", "result": [{"error_code": "-3"}]},
        {"error_code": 0, "message": "Thành công", "result": [{"errorCode": 1}]},
        {"error_code": 0, "message": "Thành công", "success": False},
        {"error_code": 0, "message": "Thành công", "isSuccess": "false"},
        {"error_code": 0, "errorCode": 5, "message": "Thành công"},
        {"error_code": 0, "message": "Thành công", "result": [{"message": "Thành công"}, {"message": "Lỗi ghi hồ sơ"}]},
        {"error_code": 0, "message": "Thành công", "error": "Không hợp lệ"},
        {"error_code": 0, "message": "Mã thủ tục không tồn tại, hồ sơ đã tồn tại"},
        {"error_code": 0, "message": "Cập nhật thành công hồ sơ không tồn tại"},
        {"error_code": 0, "message": "Thành công" + " " * 20_000},
        {"error_code": 0, "message": '["Thành công"]'},
    ],
)
def test_a_contradiction_is_unknown(envelope: dict[str, Any]) -> None:
    assert verdict_of(envelope) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        ("Phiên làm việc đã hết hạn", Verdict.AUTH),
        ("PHIEN LAM VIEC KHONG TON TAI", Verdict.AUTH),
        ("Lỗi: chưa đăng nhập", Verdict.AUTH),
        ("Hệ thống đang bảo trì", Verdict.MAINTENANCE),
        ("Quá nhiều yêu cầu, thử lại sau", Verdict.THROTTLED),
        ("Hồ sơ không tồn tại", Verdict.NOT_FOUND),
        ("Không tìm thấy hồ sơ", Verdict.NOT_FOUND),
        ("Hồ sơ không bị trùng, thành công", Verdict.UNKNOWN),
    ],
)
@pytest.mark.parametrize("content", [{}, {"result": []}])
def test_other_words_have_their_verdict_beside_code_zero(
    message: str, verdict: Verdict, content: dict[str, Any]
) -> None:
    assert verdict_of({"error_code": "0", "message": message, **content}) is verdict


def test_a_session_that_was_opened_is_no_refused_one() -> None:
    opened = {"session": "s", "error_code": 0, "message": "Tạo phiên làm việc thành công"}
    refused = {"session": "s", "error_code": 0, "message": "Sai mật khẩu"}
    login = portal().dialect.login
    assert login is not None

    assert (verdict_of(opened), login.token_from(json_response(opened))) == (Verdict.OK, "s")
    assert login.token_from(json_response(refused)) is None


@given(envelopes(DONE), st.sampled_from([1, "-1", None, ""]))
def test_an_envelope_around_another_one_has_a_say(inner: dict[str, Any], code: object) -> None:
    wrapped = {"error_code": code, "message": json.dumps(inner, ensure_ascii=False)}

    assert verdict_of(wrapped, double_encoded=True) is Verdict.UNKNOWN
    assert verdict_of({**wrapped, "error_code": "0"}, double_encoded=True) is Verdict.OK
    twice = {"error_code": 0, "message": json.dumps({**wrapped, "error_code": 0})}
    assert verdict_of(twice, double_encoded=True) is Verdict.OK


@given(envelopes(NOTHING), st.sampled_from([0, 1]))
def test_nothing_is_delivered_on_the_strength_of_a_result_alone(envelope: dict[str, Any], target: int) -> None:
    response = json_response(envelope).with_verdict(verdict_of(envelope))
    batch = [outgoing(DOSSIER if target == 0 else STEP)]

    if response.verdict is Verdict.UNKNOWN:  # the transport holds the route
        return
    with pytest.raises(SourceHeld) as held:
        delivered(portal().targets[target], batch, response)
    assert held.value.code == "national_portal.unconfirmed"


def test_a_dossier_that_exists_already_is_sent_as_an_update_and_a_step_is_there() -> None:
    exists: dict[str, Any] = {"error_code": 0, "message": "Hồ sơ đã tồn tại", "result": []}
    done = {"error_code": "0", "message": "Đồng bộ hồ sơ thành công"}
    first, second = (json_response(document).with_verdict(verdict_of(document)) for document in (exists, done))

    requests, receipts = delivered(portal().targets[0], [outgoing(DOSSIER)], first, second)
    _, step_receipts = delivered(portal().targets[1], [outgoing(STEP)], first)

    assert [body(request)["isUpdating"] for request in requests] == ["False", "True"]
    assert receipts[0].status is DeliveryStatus.DELIVERED
    assert step_receipts[0].status is DeliveryStatus.DUPLICATE


@given(respelled([rule["says"] for rule in WORDS["replies"]] + WORDS["not_done"] + WORDS["done"]))
def test_every_phrase_of_the_table_is_found_however_it_is_spelled(text: str) -> None:
    phrases = [
        Phrase.of(says) for says in [rule["says"] for rule in WORDS["replies"]] + WORDS["not_done"] + WORDS["done"]
    ]

    assert any(in_words(text).position_of(phrase) is not None for phrase in phrases)


@pytest.mark.parametrize("text", ["Trả lời", "Quyền lợi", "Cửa hàng lôi cuốn", "Trung tâm này", "tồn tại đã", ""])
def test_words_that_only_look_alike_are_no_phrase(text: str) -> None:
    for says in ("lỗi", "trùng", "đã tồn tại"):
        assert in_words(text).position_of(Phrase.of(says)) is None
