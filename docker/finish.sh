#!/usr/bin/env bash
# Inside the image: installs Voi beside its packages, and writes down what the image carries and under which licences.
#   docker/finish.sh yes    with the GPL parts, and the offer of their source
#   docker/finish.sh no     without them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
gpl=${1:?"yes or no: with the GPL parts?"}
doc=${VOI_DOC_DIR:-/usr/share/doc/voi}
GPL_PACKAGES=(espeakng-loader av)

pip install --no-deps --no-build-isolation .
case "$gpl" in
  yes) ;;
  no) pip uninstall -y "${GPL_PACKAGES[@]}" ;;
  *) printf 'finish.sh: GPL is yes or no, not %s\n' "$gpl" >&2; exit 1 ;;
esac

mkdir -p "$doc"
cp LICENSE docs/licences.md "$doc/"
if [ "$gpl" = yes ]; then cp docker/gpl-sources.md "$doc/"; fi
python3 - >"$doc/packages.txt" <<'PYTHON'
"""Every package of the image, its version and its licence as it states it."""

from importlib.metadata import distributions

rows = set()
for package in distributions():
    about = package.metadata
    stated = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License")]
    licence = about["License-Expression"] or ", ".join(stated) or (about["License"] or "see its own files").splitlines()[0]
    rows.add(f"{about['Name']}\t{package.version}\t{licence}")
print("\n".join(sorted(rows, key=str.lower)))
PYTHON

# What the health check asks; 503 while the server starts or stops.
cat >"$(dirname "$(command -v voi)")/voi-healthcheck" <<'PYTHON'
#!/usr/bin/env python3
import os
import ssl
import sys
import urllib.request

scheme = "https" if os.environ.get("VOI_TLS_CERT_FILE") else "http"
url = f"{scheme}://127.0.0.1:{os.environ.get('VOI_PORT') or 8765}/health"
try:
    # Its own server, whatever name the certificate is for.
    urllib.request.urlopen(url, timeout=4, context=ssl._create_unverified_context())
except OSError as error:
    sys.exit(f"{url}: {error}")
PYTHON
chmod 755 "$(dirname "$(command -v voi)")/voi-healthcheck"
