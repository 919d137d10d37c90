#!/usr/bin/env bash
# Stops the server: running calls get VOI_SHUTDOWN_GRACE_S seconds. Configuration, weights and recordings stay.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec docker compose down "$@"
