"""A person's yes to one exact act: what can be approved, what binds it, and running it once."""
