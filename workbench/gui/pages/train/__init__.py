"""The Train page: the runs, their curves and their health."""
