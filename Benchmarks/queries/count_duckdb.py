"""count_duckdb.py forbidden|unauthorized FILE...: counts events of one outcome by source with DuckDB, on all cores."""

import sys

import duckdb

CONDITIONS = {
    "forbidden": "responseStatus.code = 403 AND list_contains(\"user\".groups, 'system:unauthenticated')",
    "unauthorized": "responseStatus.code = 401 AND coalesce(\"user\".username, '') = ''",
}
# Only the columns that are needed; DuckDB skips the others.
COLUMNS = (
    "{'user': 'STRUCT(username VARCHAR, groups VARCHAR[])', 'sourceIPs': 'VARCHAR[]', "
    "'responseStatus': 'STRUCT(code INTEGER)'}"
)

outcome, *paths = sys.argv[1:]
query = (
    f"SELECT sourceIPs[-1], count(*) FROM read_json(?, format = 'newline_delimited', columns = {COLUMNS}) "
    f"WHERE {CONDITIONS[outcome]} GROUP BY 1"
)
for source, count in duckdb.execute(query, [paths]).fetchall():
    print(source, count)
