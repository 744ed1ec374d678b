#!/bin/sh
# Install a browser for the tests in tests/browser where none is installed and apt-get may be used.
# Without one these tests are skipped, so this script never fails.
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" > /dev/null; then exit 0; fi
done
if [ "$(id -u)" -eq 0 ]; then may=; elif sudo -n true 2> /dev/null; then may="sudo -n"; else may=no; fi
if [ "$may" = no ] || ! command -v apt-get > /dev/null; then
    echo "No browser is installed, and it takes root and apt-get to install one here: the browser tests are skipped."
    exit 0
fi
echo "Installing Chromium for the browser tests."
{
    $may apt-get update && $may env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium
} > /dev/null 2>&1 || echo "Chromium could not be installed with apt-get: the browser tests are skipped."
