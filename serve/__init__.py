"""The vLLM engine, the HAProxy gateway and the endpoint made of both."""
