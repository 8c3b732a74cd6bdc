"""What a call costs and may cost: tokens, prices, caps of users and budgets of the site. The ledger admits."""
