"""A troubleshooting run: a question, tools called within a budget, an answer with its evidence.."""
