"""What the kernel says, read thinly and parsed purely: shared by samplers and workloads."""
