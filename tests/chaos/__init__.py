"""What the endpoint does while things break: steady traffic, one fault, every answer looked at."""
