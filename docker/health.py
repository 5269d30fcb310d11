"""Ask the API server about the health of a component: `health.py scheduler`; exit code 0 means healthy.

The standard library alone, because each container runs this twice a minute, and Airflow's own command takes seconds of
processor time to start.
"""

import json
import os
import sys
import urllib.request


def is_healthy(component: str) -> bool:
    """Tell what /api/v2/monitor/health says of `component`; raises OSError when there is no answer."""
    url = os.environ["METERBRIDGE_API_URL"].rstrip("/")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{url}/api/v2/monitor/health", timeout=10) as answer:
        return bool(json.load(answer)[component]["status"] == "healthy")


if __name__ == "__main__":
    sys.exit(not is_healthy(sys.argv[1]))
