"""The benchmark: what a frame takes, beside what this machine could do at best."""
