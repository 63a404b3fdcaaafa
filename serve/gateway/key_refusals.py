"""What HAProxy answers by itself about keys, limits and models: texts in which it fills in figures and names."""

from serve.gateway.refusal import Refusal

FAILED_KEYS = 20
"""Requests without a valid key that a source may send in a minute, if nothing else is said."""
_WAIT = (("Retry-After", "%[var(txn.wait)]"),)
_AGAIN = "Try again in %[var(txn.wait)] s."


def _over(kind: str, what: str) -> Refusal:
    return Refusal(429, kind, "rate_limit_exceeded", f"This key has reached its limit of {what}. {_AGAIN}", _WAIT)


KEY_REFUSALS = {
    "failed_keys": Refusal(
        429,
        "requests",
        "too_many_failed_keys",
        f"Too many requests without a valid API key came from this address within a minute. {_AGAIN}",
        _WAIT,
    ),
    "requests": _over("requests", "%[var(txn.requests_limit)] requests per minute (RPM)"),
    "tokens": _over("tokens", "%[var(txn.tokens_limit)] tokens per minute (TPM)"),
    "concurrent": Refusal(
        429,
        "requests",
        "rate_limit_exceeded",
        "This key has reached its limit of %[var(txn.limit)] requests at once. Try again when one of them has ended.",
        (("Retry-After", "1"),),
    ),
    "unknown_model": Refusal(
        404,
        "invalid_request_error",
        "model_not_found",
        "The model `%[var(txn.model),bytes(0,100),json(utf8s)]` does not exist or you do not have access to it. "
        "This key may use: %[var(txn.offered)].",
    ),
    "no_model": Refusal(
        400,
        "invalid_request_error",
        "model_required",
        "The request names no model, or only after much text. Put the member `model` first. "
        "This key may use: %[var(txn.offered)].",
    ),
    "two_models": Refusal(
        400, "invalid_request_error", "model_ambiguous", "The request has more than one member `model`. Send one."
    ),
    "long_body": Refusal(
        413,
        "invalid_request_error",
        "request_too_large",
        "A key that is bound to some models of an engine cannot send so large a request. Shorten the prompt, or use a "
        "key that is not bound.",
    ),
}
"""By what is wrong."""


def unavailable() -> Refusal:
    """Return what is said while no engine of a model is up; `Gateway.explain` gives the reason."""
    return Refusal(503, "server_error", "engine_unavailable", "%[var(txn.reason)]", (("Retry-After", "5"),))


def two_members_model() -> str:
    r"""Return the expression of a body that has `"model":` twice, however its letters are written (`\u006d`)."""
    name = "".join(rf"({letter}|\\u00{ord(letter):02x})" for letter in "model")
    return rf'"{name}"\s*:[\s\S]*"{name}"\s*:'
