"""The endpoint: what is served, the engines and the gateway, kept together."""
