"""Running a configuration: trainer, stepper, state, processes."""
