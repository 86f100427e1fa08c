"""A person, please: a villager's request, its card, and the official's answer (L01-L03)."""
