"""Letters that somebody has to approve: proposed, changed, approved or signed on paper, sent."""
