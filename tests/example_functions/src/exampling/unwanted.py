"""Must not even be imported where the user has disabled it."""

raise SystemExit("this was not wanted")
