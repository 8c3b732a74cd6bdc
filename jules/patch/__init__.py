"""From a model's words to file contents that may be pushed. Pure: no git, no network, no database.

`contract` reads the answer, `edits` applies it, `policy` says which paths may be touched, `cheats` stops patches
that only silence the failure, `caps` takes whole files up to the limits.
"""
