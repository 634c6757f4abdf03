"""What the wire says, as pure decisions: no I/O; time and jitter are arguments."""
