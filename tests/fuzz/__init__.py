"""Bytes of strangers, given to the readers of each kind: `make fuzz` looks for those that break one."""
