"""The pages that one pass showed: whether another one repeats an earlier one."""

import hashlib
from collections.abc import Collection

from cchc_connect.adapter import Page


class ShownPages:
    """The digests of the pages of one pass."""

    def __init__(self) -> None:
        """Start a pass, with no page shown."""
        self._digests: set[bytes] = set()
        self._last_digest: bytes = b""
        self._shared_digest: bytes = b""

    def is_repeated(self, page: Page, keys: Collection[str]) -> bool:
        """Take in a page whose items have `keys`; return whether an earlier one of the same state held the same items.

        Two parts of a listing that touch may share the items between them: what one ends with, the next may begin with.
        """
        is_repeated = False
        if keys or page.deleted_keys:
            names = "\n".join([page.snapshot, *sorted(keys), "", *sorted(page.deleted_keys)])
            digest = hashlib.blake2b(names.encode(errors="surrogatepass"), digest_size=16).digest()
            is_known = digest in self._digests
            is_repeated = is_known and digest != self._shared_digest
            self._digests.add(digest)
            self._last_digest, self._shared_digest = b"" if is_known else digest, b""
        if page.ends_part:
            self._shared_digest = self._last_digest
        return is_repeated
