"""dget side by side with other tools, against servers on this machine: see docs/benchmarks.md."""
