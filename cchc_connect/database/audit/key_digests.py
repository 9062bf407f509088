"""Digests of the keys of records that stand beside an entry, because its body would be too long with them."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from cchc_connect.database.audit.chain import canonical_json

PAIRS = "pairs"
"""Form of a digest: over the canonical JSON of the sorted list of pairs [type of record, key], in UTF-8."""


def keys_digest(record_type: str, keys: Iterable[str]) -> dict[str, object]:
    """Return what a body says of the keys beside it; they are in ascending order of their code points.

    >>> digest = keys_digest("dossier", ["a", "b"])
    >>> digest["count"], digest["sha256"] == hashlib.sha256(b'[["dossier","a"],["dossier","b"]]').hexdigest()
    (2, True)
    """
    digest, count = hashlib.sha256(b"["), 0
    type_text = canonical_json(record_type)
    for key in keys:
        digest.update(f"{',' if count else ''}[{type_text},{canonical_json(key)}]".encode())
        count += 1
    digest.update(b"]")
    return {"count": count, "form": PAIRS, "sha256": digest.hexdigest()}


def former_keys_digest(keys: Iterable[str]) -> dict[str, object]:
    r"""Return what the body of a former program says of the keys beside it: the digest is over the keys alone.

    >>> former_keys_digest(["a", "b"])["sha256"] == hashlib.sha256(b"a\nb").hexdigest()
    True
    """
    digest, count = hashlib.sha256(), 0
    for key in keys:
        digest.update(f"\n{key}".encode() if count else key.encode())
        count += 1
    return {"count": count, "sha256": digest.hexdigest()}


def has_keys(body: Mapping[str, object], rows: Iterable[tuple[str, str]]) -> bool:
    """Return whether an entry has these keys beside it, each once; every row is read.

    Args:
        body: the body of the entry.
        rows: type of record and key, in ascending order of their code points.
    """
    declared, record_type = body.get("keys_digest"), str(body.get("record_type", ""))
    strange_types = set[str]()

    def keys() -> Iterator[str]:
        for row_type, key in rows:
            if row_type != record_type:
                strange_types.add(row_type)
            yield key

    if isinstance(declared, dict) and "form" in declared:
        present = keys_digest(record_type, keys())
    else:
        present = former_keys_digest(keys())
    if declared is None:
        return not present["count"]
    return not strange_types and declared == present
