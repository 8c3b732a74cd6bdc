"""The worker's side: claims with a lease, one writer a session, rows before messages, recovery."""
