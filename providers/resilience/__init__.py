"""When providers fail: what is repeated, when a breaker opens, how each one does, what to do about it."""
