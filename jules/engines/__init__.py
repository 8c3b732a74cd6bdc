"""Who proposes a fix: local recipes, a chat model, the Senate, or Jules. Each turns a failure into a proposal."""
