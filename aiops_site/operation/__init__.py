"""The site at work: is it ready, does it live, whose turn is it, what it logs, what is wrong with it."""
