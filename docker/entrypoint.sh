#!/usr/bin/env bash
# Start of every container: take the secrets from files or the environment, refuse to run without them, run the command.
set -euo pipefail

# NAME_FILE names a file that holds the value of NAME; the value reaches the command by its environment only.
read_secret() {
    local name=$1 file_name="${1}_FILE"
    if [[ -n "${!file_name:-}" ]]; then
        [[ -r "${!file_name}" ]] || { echo "entrypoint: $file_name names ${!file_name}, which cannot be read" >&2; exit 78; }
        export "$name=$(<"${!file_name}")"
        unset "$file_name"
    fi
    [[ -n "${!name:-}" ]] || { echo "entrypoint: set $name, or $file_name to a file that holds it" >&2; exit 78; }
}

for name in PGPASSWORD AIRFLOW__CORE__FERNET_KEY AIRFLOW__API_AUTH__JWT_SECRET AIRFLOW__API__SECRET_KEY; do
    read_secret "$name"
done

if [[ "${1:-}" == init ]]; then
    read_secret METERBRIDGE_ADMIN_PASSWORD
    python -m stack databases
    airflow db migrate
    meterbridge migrate
    meterbridge register
    exec python docker/create_admin.py
fi

exec "$@"
