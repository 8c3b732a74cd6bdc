"""One fix in a worker's hands: its lease, its steps, its end."""
