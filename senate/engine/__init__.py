"""A deliberation as such: who sits, what is asked, ballots, phases. Pure: no Django, no database."""
