"""The routes that the gateway lets through; HAProxy answers 404 to all others."""

ROUTES = (
    "GET /v1/models",
    "POST /v1/chat/completions",
    "POST /v1/completions",
    "POST /v1/responses",
)
"""The only requests let through, as method and exact path."""
