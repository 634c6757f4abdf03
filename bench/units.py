"""What a number of bytes is called."""

MB = 1_000_000
GB = 1_000_000_000
