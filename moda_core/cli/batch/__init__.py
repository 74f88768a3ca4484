"""Many clips: a file of jobs, worker processes, and results from which a restart goes on."""
