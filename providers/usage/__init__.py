"""Usage as people read it: questions about the ledger's rows, answered in plain values. Reads only."""
