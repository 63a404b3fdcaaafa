"""The machine: processors, memory, GPUs."""
