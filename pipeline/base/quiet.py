"""When a machine is quiet enough to be measured on."""

OTHERS_SHARE = 0.25
"""Of its processors, that other processes and the hypervisor may take together."""
