"""Keys, models, addresses and policy: saved, tested, read anew at each call, shown, encrypted anew."""
