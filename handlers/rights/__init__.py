"""What she may stop, see, join and have forgotten."""
