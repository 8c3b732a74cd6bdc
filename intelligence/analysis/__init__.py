"""Why a deployment failed: the log made short, rules and models asked, quotes checked, incidents, advice."""
