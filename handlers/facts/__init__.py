"""What the office says about itself: hours, phones, reception, the line for today."""
