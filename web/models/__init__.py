"""The shapes of requests and answers, with the billing platform's own field names."""
