"""The figures of the hot path, measured on this machine: `make bench`. The suite itself times nothing."""
