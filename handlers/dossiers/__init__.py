"""Her dossier, as she sees it: looked up, watched, collected, rated."""
