"""What is usual of a run and of the machine, and what stands out from it: the parts of `collector why`."""
