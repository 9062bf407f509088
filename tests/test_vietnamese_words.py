"""One Vietnamese word for each term, and one tone, in messages, pages, templates and texts about adapters."""

import re
import unicodedata
from pathlib import Path

import pytest

from tests.checkout import ROOT, relative_path

TEXTS = [
    ROOT / "cchc_connect" / "messages" / "vi.toml",
    ROOT / "cchc_connect" / "cli" / "templates" / "cchc.vi.toml",
    ROOT / "adapters" / "cchc_adapters" / "adapters.vi.toml",
    *sorted((ROOT / "docs" / "vi").glob("*.md")),
]

WORDS_BY_ABANDONED_WORD = {
    r"hãy": "đề nghị",
    r"tạm dừng": "tạm ngừng",
    r"nhật ký kiểm (?:tra|toán)": "nhật ký khai thác",
    r"khóa chống trùng": "khóa chống gửi trùng",
    r"hệ thống trình diễn": "hệ thống giả lập",
    r"lượt chạy": "lần chạy",
    r"bản tin": "thông điệp",
    r"gói mở rộng": "gói bổ sung",
    r"phục hồi": "khôi phục",
    r"cửa sổ dòng lệnh": "cửa sổ lệnh",
    r"hệ tọa độ": "hệ quy chiếu",
    r"quyền sở hữu|bên sở hữu": "kết nối chủ quản",
    r"toạ độ": "tọa độ",
    r"huỷ": "hủy",
    r"(?<!pip install )'\{\w+\}'": "“{...}”",
}
"""What the texts do not say, and what they say for it: the terms of docs/glossary.md, and the words of offices."""


@pytest.mark.parametrize("path", TEXTS, ids=relative_path)
def test_an_abandoned_vietnamese_word_is_not_used(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    used = {
        f"{occurrence[0]} -> {word}"
        for abandoned, word in WORDS_BY_ABANDONED_WORD.items()
        for occurrence in re.finditer(rf"(?<!\w)(?:{abandoned})(?!\w)", text, re.IGNORECASE)
    }

    assert used == set()
    assert unicodedata.is_normalized("NFC", text)
