"""The officials' own work: the queue, who is away, the morning summary, figures, the call list."""
