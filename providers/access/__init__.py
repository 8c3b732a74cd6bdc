"""Who somebody is and what they may do: roles, API tokens, pseudonyms, and each request carried out once."""
