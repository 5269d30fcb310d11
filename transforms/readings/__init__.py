"""Raw text to readings: an instant, an exact value, an account, an identity; or a reason why not."""
