"""Is the machine well? What is read of GPUs and host, once a second, and what is said of it (pure)."""
