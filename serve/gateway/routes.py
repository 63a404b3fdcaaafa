"""The routes that the gateway lets through; HAProxy answers 404 to all others."""

LISTING = "/v1/models"
"""Answered by HAProxy itself: what a key may ask for."""
ROUTES = (
    f"GET {LISTING}",
    "POST /v1/chat/completions",
    "POST /v1/completions",
    "POST /v1/responses",
)
"""The only requests let through, as method and exact path."""
