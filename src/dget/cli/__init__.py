"""The command line: one file a verb, one renderer for text and JSON."""
