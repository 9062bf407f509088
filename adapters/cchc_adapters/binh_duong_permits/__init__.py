"""Construction permits of Bình Dương's Department of Construction (giấy phép xây dựng)."""

from cchc_adapters.binh_duong_permits.adapter import BinhDuongPermits
from cchc_adapters.binh_duong_permits.options import BinhDuongPermitsOptions

__all__ = ["BinhDuongPermits", "BinhDuongPermitsOptions"]
