"""Jobs: pieces of work that an executor runs in processes of their own, on this machine or in Slurm."""
