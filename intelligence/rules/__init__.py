"""The rules engine: one pass over a log finds wordings, a verdict weighs them. Pure: no Django, network or files.

`classes` says what each failure class means, `rows/` how it is worded, `rows/outcomes` how logs end. To add a
failure pattern, add its line to the row of its class; a new class has one more entry in `classes`.
"""
