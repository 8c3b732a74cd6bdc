"""How the process works: its one loop, hops to the database, leases on rows, what pages watch."""
