"""The model card to publish: the checkpoint's own with the measured accuracy."""
