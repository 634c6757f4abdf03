"""What dget must survive: scenarios that break processes, disks and caches for real, as long as they are told to."""
