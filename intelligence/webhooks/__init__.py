"""What hosts and forges tell of deployments: verified on the raw body, kept once, worked on by a worker."""
