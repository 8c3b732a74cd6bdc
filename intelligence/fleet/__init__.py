"""Services and their deployments: registered, watched, sampled, scaled, looked at now and then."""
