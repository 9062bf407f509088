"""Construction permits of Bình Dương's Department of Construction (giấy phép xây dựng)."""
