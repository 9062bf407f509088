"""Catalogue of the administrative procedures (thủ tục hành chính) of the invented province.

Codes 1.013225 and 1.001193, their names and the field codes are real (catalogue of the national portal). The codes
1.099xxx are well formed and invented; so are terms and fees. One code is irregular on purpose, like
"1.001612-TH2" in the real catalogue.
"""

from types import MappingProxyType

from cchc_connect.testing.province.facts import ProcedureFact

PROCEDURE_FIELDS = MappingProxyType(
    {
        "G17-XD11": "Hoạt động xây dựng",
        "G17-XD13": "Quy hoạch xây dựng, kiến trúc",
        "G17-XD08": "Nhà ở và công sở",
        "G13-TN02": "Đất đai",
        "G13-TN04": "Đo đạc, bản đồ và thông tin địa lý",
        "G13-TN09": "Môi trường",
        "G15-TP07": "Hộ tịch",
        "G07-LĐ06": "Việc làm",
    }
)

_PROVINCE, _COMMUNE = 1, 3
_ROWS: tuple[tuple[str, str, str, int, int, int, int | None], ...] = (
    # code, name, field, level, working days, fee in VND, kind of permit
    ("1.013225", "Cấp giấy phép xây dựng nhà ở riêng lẻ", "G17-XD11", _COMMUNE, 7, 75_000, 5),
    ("1.099001", "Cấp giấy phép xây dựng công trình không theo tuyến", "G17-XD11", _PROVINCE, 10, 150_000, 1),
    ("1.099002", "Cấp giấy phép xây dựng công trình theo tuyến", "G17-XD11", _PROVINCE, 10, 150_000, 2),
    ("1.099003", "Cấp giấy phép xây dựng công trình quảng cáo", "G17-XD11", _PROVINCE, 10, 150_000, 4),
    ("1.099004", "Cấp giấy phép sửa chữa, cải tạo công trình", "G17-XD11", _COMMUNE, 7, 75_000, 6),
    ("1.099005", "Cấp giấy phép xây dựng theo giai đoạn", "G17-XD11", _PROVINCE, 10, 150_000, 7),
    ("1.099006", "Cấp giấy phép xây dựng cho dự án", "G17-XD11", _PROVINCE, 10, 150_000, 9),
    ("1.099007", "Cấp giấy phép di dời công trình", "G17-XD11", _COMMUNE, 10, 75_000, 10),
    ("1.099008", "Thẩm định báo cáo nghiên cứu khả thi đầu tư xây dựng", "G17-XD11", _PROVINCE, 20, 500_000, None),
    ("1.099009", "Cấp thông tin quy hoạch xây dựng", "G17-XD13", _COMMUNE, 10, 0, None),
    ("1.099010", "Thẩm định đồ án quy hoạch chi tiết xây dựng", "G17-XD13", _PROVINCE, 25, 0, None),
    ("1.099011", "Cho thuê nhà ở thuộc tài sản công", "G17-XD08", _PROVINCE, 30, 0, None),
    ("1.099012", "Thông báo nhà ở đủ điều kiện bán", "G17-XD08", _PROVINCE, 15, 0, None),
    ("1.099020", "Đăng ký biến động quyền sử dụng đất", "G13-TN02", _COMMUNE, 10, 500_000, None),
    ("1.099021", "Đăng ký chuyển nhượng quyền sử dụng đất", "G13-TN02", _COMMUNE, 8, 500_000, None),
    ("1.099022", "Đăng ký tặng cho quyền sử dụng đất", "G13-TN02", _COMMUNE, 8, 500_000, None),
    ("1.099023", "Đăng ký thừa kế quyền sử dụng đất", "G13-TN02", _COMMUNE, 8, 500_000, None),
    ("1.099024", "Chuyển mục đích sử dụng đất", "G13-TN02", _COMMUNE, 15, 500_000, None),
    ("1.099025", "Tách thửa, hợp thửa đất", "G13-TN02", _COMMUNE, 12, 500_000, None),
    ("1.099026", "Cấp đổi giấy chứng nhận quyền sử dụng đất", "G13-TN02", _COMMUNE, 7, 100_000, None),
    ("1.099027", "Cấp lại giấy chứng nhận quyền sử dụng đất bị mất", "G13-TN02", _COMMUNE, 10, 100_000, None),
    ("1.099028", "Đăng ký thế chấp quyền sử dụng đất", "G13-TN02", _COMMUNE, 1, 80_000, None),
    ("1.099029", "Xóa đăng ký thế chấp quyền sử dụng đất", "G13-TN02", _COMMUNE, 1, 0, None),
    ("1.099030", "Cung cấp thông tin, dữ liệu đo đạc và bản đồ", "G13-TN04", _PROVINCE, 1, 0, None),
    ("1.099031", "Cấp giấy phép môi trường", "G13-TN09", _PROVINCE, 15, 1_000_000, None),
    ("1.001193", "Đăng ký khai sinh", "G15-TP07", _COMMUNE, 1, 0, None),
    ("1.099040", "Đăng ký kết hôn", "G15-TP07", _COMMUNE, 1, 0, None),
    ("1.099041", "Đăng ký khai tử", "G15-TP07", _COMMUNE, 1, 0, None),
    ("1.099042", "Đăng ký nhận cha, mẹ, con", "G15-TP07", _COMMUNE, 3, 15_000, None),
    ("1.099043", "Cấp giấy xác nhận tình trạng hôn nhân", "G15-TP07", _COMMUNE, 3, 15_000, None),
    ("1.099044", "Thay đổi, cải chính, bổ sung thông tin hộ tịch", "G15-TP07", _COMMUNE, 3, 15_000, None),
    ("1.099045", "Cấp bản sao trích lục hộ tịch", "G15-TP07", _COMMUNE, 1, 8_000, None),
    ("1.099046", "Đăng ký lại khai sinh", "G15-TP07", _COMMUNE, 5, 8_000, None),
    ("1.099047", "Đăng ký giám hộ", "G15-TP07", _COMMUNE, 3, 0, None),
    ("1.099050", "Cấp giấy phép lao động cho người nước ngoài", "G07-LĐ06", _PROVINCE, 5, 600_000, None),
    ("1.099051", "Gia hạn giấy phép lao động cho người nước ngoài", "G07-LĐ06", _PROVINCE, 5, 450_000, None),
    ("1.099052", "Giải quyết hưởng trợ cấp thất nghiệp", "G07-LĐ06", _PROVINCE, 15, 0, None),
    ("1.099053", "Hỗ trợ học nghề", "G07-LĐ06", _PROVINCE, 10, 0, None),
    ("1.099054", "Cấp giấy phép hoạt động dịch vụ việc làm", "G07-LĐ06", _PROVINCE, 7, 0, None),
    ("1.099055-TH2", "Chuyển nơi hưởng trợ cấp thất nghiệp", "G07-LĐ06", _PROVINCE, 3, 0, None),
)

PROCEDURES: tuple[ProcedureFact, ...] = tuple(
    ProcedureFact(
        source_id=code,
        name=name,
        field_code=field,
        field_name=PROCEDURE_FIELDS[field],
        level=level,
        working_days=days,
        fee_vnd=fee,
        permit_kind=permit_kind,
    )
    for code, name, field, level, days, fee, permit_kind in _ROWS
)
