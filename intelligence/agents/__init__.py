"""Agents: what lets a program, a model or a snippet act here, and what holds it."""
