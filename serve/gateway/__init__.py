"""The door: HAProxy, keys, TLS."""
