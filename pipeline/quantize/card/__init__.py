"""The model card in the checkpoint: what quantizing knows."""
