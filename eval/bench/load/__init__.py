"""Offering load to an OpenAI-compatible server, and whether what came out may be used."""
