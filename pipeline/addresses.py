"""Addresses that something is sent to: only where nobody on the way can read it."""

import httpx

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def parsed(address: str) -> httpx.URL:
    """Read an address; an empty one where it is none, for its error would show what may be a secret."""
    try:
        return httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        return httpx.URL()


def is_safe(url: httpx.URL) -> bool:
    """Tell whether an address has a host, and is reached by TLS or on this very machine."""
    return bool(url.host) and (url.scheme == "https" or (url.scheme == "http" and url.host in LOOPBACK))
