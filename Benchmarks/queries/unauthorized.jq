# Counts requests that were not authenticated by source. setpath is twice as fast as .[$source] += 1 in jq 1.6.
reduce (
    inputs
    | select(.responseStatus.code == 401 and (.user.username // "") == "")
    | .sourceIPs[-1]
  ) as $source ({}; setpath([$source]; getpath([$source]) + 1))
| to_entries[] | "\(.key) \(.value)"
