# Counts refused requests without credentials by source.
reduce (inputs | select(.responseStatus.code == 403 and (.user.groups // [] | index("system:unauthenticated")))) as $event
  ({}; .[$event.sourceIPs[-1]] += 1)
| to_entries[] | "\(.key) \(.value)"
