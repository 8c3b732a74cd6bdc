"""Sessions as they happen: one feed a process, its sockets, fragments of the page."""
