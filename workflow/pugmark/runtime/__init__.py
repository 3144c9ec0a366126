"""What every job needs of the machine: command line, cores, GPU, disk, measurements."""
