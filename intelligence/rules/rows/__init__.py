"""The rows: one file per subject, one wording per line."""
