"""count_polars.py forbidden|unauthorized FILE: counts events of one outcome by source with Polars, on all cores."""

import sys

import polars as pl

outcome, path = sys.argv[1:]
# Only the columns that are needed; Polars skips the others.
schema = {
    "user": pl.Struct({"username": pl.String, "groups": pl.List(pl.String)}),
    "sourceIPs": pl.List(pl.String),
    "responseStatus": pl.Struct({"code": pl.Int64}),
}
code = pl.col("responseStatus").struct.field("code")
if outcome == "forbidden":
    condition = (code == 403) & pl.col("user").struct.field("groups").list.contains("system:unauthenticated")
else:
    condition = (code == 401) & (pl.col("user").struct.field("username").fill_null("") == "")
events = pl.scan_ndjson(path, schema=schema).filter(condition)
counts = events.group_by(pl.col("sourceIPs").list.last()).agg(pl.len())
for source, count in counts.collect(engine="streaming").iter_rows():
    print(source, count)
