"""OpenTelemetry: every usage row as a GenAI span, sent by OTLP over HTTP to where the environment says.

`targets` reads the environment, `spans` makes a request out of rows, `export` sends what is new. A worker reads
the ledger onward from a watermark, so a call pays nothing and a kill loses nothing (docs/decisions/0017).
"""
