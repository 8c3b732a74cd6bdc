"""What code outside of the console imports: one file, the standard library alone, Python 3.8 and later."""
