"""The register's parcels as a Singer tap, built with the Singer SDK: `singer_tap.py --config FILE [--state FILE]`.

It runs in its own environment, without this project.
"""

from urllib.parse import parse_qsl, urlsplit

from singer_sdk import RESTStream, Tap, typing as th
from singer_sdk.pagination import BaseHATEOASPaginator

INTEGERS = ("thuaDatId", "version", "xaId", "xaIdCu")
NUMBERS = ("dienTich", "dienTichPhapLy")
FLAGS = ("isLastest", "laDoiTuongChiemDat", "dangTranhChap")
TEXTS = ("id", "soHieuToBanDo", "soThuTuThua", "soHieuToBanDoCu", "soThuTuThuaCu", "maThuaDat", "diaChi", "CreatedDate")
LISTS = ("ListMucDichSuDung", "ListGiayChungNhan", "ListChuSuDung", "ListHanChe")


class NextLink(BaseHATEOASPaginator):
    def get_next_url(self, response):
        return next((link["href"] for link in response.json()["links"] if link["rel"] == "next"), None)


class Parcels(RESTStream):
    name = "parcels"
    path = "/collections/parcels/items"
    primary_keys = ("id",)
    replication_key = "ModifiedDate"
    records_jsonpath = "$.features[*]"
    schema = th.PropertiesList(
        *(th.Property(name, th.IntegerType(nullable=True)) for name in INTEGERS),
        *(th.Property(name, th.NumberType) for name in NUMBERS),
        *(th.Property(name, th.BooleanType) for name in FLAGS),
        *(th.Property(name, th.StringType) for name in TEXTS),
        *(th.Property(name, th.ArrayType(th.ObjectType(additional_properties=True))) for name in LISTS),
        th.Property("geometry", th.ObjectType(additional_properties=True)),
        th.Property("ModifiedDate", th.DateTimeType),
    ).to_dict()

    @property
    def url_base(self):
        return self.config["base_url"]

    def get_new_paginator(self):
        return NextLink()

    def get_url_params(self, context, next_page_token):
        if next_page_token:
            return dict(parse_qsl(urlsplit(next_page_token.geturl()).query))
        since = self.get_starting_timestamp(context)
        return {"limit": "1000"} | ({"datetime": f"{since:%Y-%m-%dT%H:%M:%SZ}/.."} if since else {})

    def post_process(self, row, context=None):
        return {"id": row["id"], "geometry": row["geometry"], **row["properties"]}


class TapRegister(Tap):
    name = "tap-register"
    config_jsonschema = th.PropertiesList(th.Property("base_url", th.StringType, required=True)).to_dict()

    def discover_streams(self):
        return [Parcels(self)]


if __name__ == "__main__":
    TapRegister.cli()
