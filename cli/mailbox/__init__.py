"""The local mail inbox of `make up`: every mail the system sends lands here and goes nowhere else."""
