"""How people come in: the first code, names and passwords, OpenID, tokens, and where they are signed in."""
