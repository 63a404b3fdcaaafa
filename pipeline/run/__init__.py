"""Runs stages, keeps what they return and logs it."""
