"""Layers: their tars, and the tree that they make together."""
