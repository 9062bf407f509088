"""Sharing (chia sẻ dữ liệu): agreements as data, the decision on a request, and how what is shared is treated."""
