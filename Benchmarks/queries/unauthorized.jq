# Counts requests that were not authenticated by source.
reduce (inputs | select(.responseStatus.code == 401 and (.user.username // "") == "")) as $event
  ({}; .[$event.sourceIPs[-1]] += 1)
| to_entries[] | "\(.key) \(.value)"
