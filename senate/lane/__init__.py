"""The chat endpoints for OpenAI clients, beside Django."""
