"""What people are told, with nothing changed: previews, what is not billed yet, what came late, how things stand."""
