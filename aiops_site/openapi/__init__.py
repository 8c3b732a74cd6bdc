"""The API described: its OpenAPI schema and the reference in docs/ that is made from it."""
