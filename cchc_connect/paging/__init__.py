"""How listings come in pages: the kinds of paging, their page tokens and what proves their ends, for every adapter."""

from cchc_connect.paging.asked import KeysetPaging, OffsetPaging, PagePaging
from cchc_connect.paging.keys import page_of_keys
from cchc_connect.paging.led import CursorPaging, LinkPaging
from cchc_connect.paging.listings import PageListing, read_listing
from cchc_connect.paging.pager import Pager, query
from cchc_connect.paging.positions import Position
from cchc_connect.paging.tables import NoPaging

__all__ = [
    "CursorPaging",
    "KeysetPaging",
    "LinkPaging",
    "NoPaging",
    "OffsetPaging",
    "PageListing",
    "PagePaging",
    "Pager",
    "Position",
    "page_of_keys",
    "query",
    "read_listing",
]
