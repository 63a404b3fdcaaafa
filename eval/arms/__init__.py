"""What is compared with what: the arms and the servers they are measured with."""
