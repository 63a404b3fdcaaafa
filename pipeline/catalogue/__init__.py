"""The catalogues that ship under `recipes/catalogue`, and the user's own: GPUs with prices, models by configuration."""
