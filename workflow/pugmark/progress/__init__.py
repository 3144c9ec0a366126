"""What a run tells its user: one line per finished job, time left, failures once more, durations expected. Light."""
